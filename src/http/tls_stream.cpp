#include "http/tls_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <openssl/err.h>

#include <new>

namespace sparkgate::http {

using boost::system::error_code;

// Lets OpenSSL read and write through Asio's socket: its own socket BIO keeps a descriptor, which may belong
// to another connection after a close, and raises SIGPIPE.
struct socket_bio {
    static tls_stream& owner(BIO* bio) { return *static_cast<tls_stream*>(BIO_get_data(bio)); }

    static int write(BIO* bio, const char* data, int size) {
        auto& stream = owner(bio);
        BIO_clear_retry_flags(bio);
        const auto count = stream.socket_.write_some(asio::buffer(data, static_cast<std::size_t>(size)),
                                                     stream.socket_error_);
        if (stream.socket_error_ == asio::error::would_block) BIO_set_retry_write(bio);
        return stream.socket_error_ ? -1 : static_cast<int>(count);
    }

    static int read(BIO* bio, char* data, int size) {
        auto& stream = owner(bio);
        BIO_clear_retry_flags(bio);
        const auto count = stream.socket_.read_some(asio::buffer(data, static_cast<std::size_t>(size)),
                                                    stream.socket_error_);
        if (stream.socket_error_ == asio::error::would_block) BIO_set_retry_read(bio);
        if (stream.socket_error_ == asio::error::eof) return 0;
        return stream.socket_error_ ? -1 : static_cast<int>(count);
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return owner(bio).socket_error_ == asio::error::eof;
        return command == BIO_CTRL_FLUSH;
    }

    static BIO_METHOD* method() {
        static const bio_method_ptr made = [] {
            bio_method_ptr one(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "asio socket"));
            BIO_meth_set_write(one.get(), write);
            BIO_meth_set_read(one.get(), read);
            BIO_meth_set_ctrl(one.get(), control);
            return one;
        }();
        return made.get();
    }
};

tls_stream::tls_stream(const tls_context& context, asio::ip::tcp::socket& socket)
    : socket_(socket), ssl_(SSL_new(context.get())) {
    BIO* bio = BIO_new(socket_bio::method());
    if (!ssl_ || !bio) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
}

// What an OpenSSL call has returned becomes `ec`.
void tls_stream::settle(int outcome, error_code& ec) {
    ec.clear();
    if (outcome > 0) return;
    switch (SSL_get_error(ssl_.get(), outcome)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            ec = asio::error::would_block;
            return;
        case SSL_ERROR_ZERO_RETURN:
            ec = asio::error::eof;
            return;
        default:
            ec = socket_error_;
            failure_ = take_openssl_error();
            if (!ec || ec == asio::error::would_block) ec = asio::error::connection_aborted;
            if (failure_.empty()) failure_ = ec.message();
    }
}

void tls_stream::handshake(error_code& ec) {
    ERR_clear_error();
    settle(SSL_do_handshake(ssl_.get()), ec);
}

std::size_t tls_stream::read_some(asio::mutable_buffer into, error_code& ec) {
    ERR_clear_error();
    std::size_t count = 0;
    settle(SSL_read_ex(ssl_.get(), into.data(), into.size(), &count), ec);
    return count;
}

std::size_t tls_stream::write_some(std::string_view bytes, error_code& ec) {
    ERR_clear_error();
    std::size_t count = 0;
    settle(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count), ec);
    return count;
}

void tls_stream::close() {
    const bool said = SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN;
    if (said || !failure_.empty() || !SSL_is_init_finished(ssl_.get())) return;
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

asio::socket_base::wait_type tls_stream::waits_for() const {
    return SSL_want_write(ssl_.get()) ? asio::socket_base::wait_write : asio::socket_base::wait_read;
}

bool tls_stream::has_input() const {
    return SSL_has_pending(ssl_.get());
}

namespace {

// Nothing where there is not exactly one: which of several counts is a matter of taste, and of security.
std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return {};
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) return {};
    std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return out.find('\0') == std::string::npos ? out : std::string();
}

}  // namespace

client_certificate tls_stream::client() const {
    const X509* shown = SSL_get0_peer_certificate(ssl_.get());
    if (!shown || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
    const X509_NAME* subject = X509_get_subject_name(shown);
    return {text_of(subject), common_name(subject)};
}

}  // namespace sparkgate::http
