#include "http/openssl.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/http/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cctype>
#include <ctime>
#include <new>
#include <sys/stat.h>

namespace sparkgate::http {
namespace {

namespace fs = std::filesystem;

error refused(const fs::path& file, const std::string& reason) {
    return fail(errc::unavailable, file.string() + ": " + reason);
}

// Forgets OpenSSL's errors.
error refused_by_openssl(const fs::path& file) {
    return refused(file, "OpenSSL does not take it: " + take_openssl_error());
}

// `kind`: "certificate" or "private key". OpenSSL has no clear words for files that hold something else.
result<std::string> read_pem(const fs::path& file, const std::string& kind) {
    auto text = read_file(file);
    if (!text) return text;
    auto label = kind;
    for (char& c : label)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (text->find(label + "-----") == std::string::npos)
        return refused(file, "holds no " + kind + " in PEM format");
    return text;
}

bool everybody_reads(const fs::path& file) {
    struct stat about {};
    return ::stat(file.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

// ALPN: HTTP/1.1 is what there is. A client that names only others is told so.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, ours, sizeof ours, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

tls_context make_context(tls_version lowest) {
    tls_context out(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!out) throw std::bad_alloc();
    auto* context = out.get();
    SSL_CTX_set_min_proto_version(context, lowest == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, 2);  // some systems are configured for less
    // A connection that is cut is no attack on HTTP, which knows the length of every message.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A client that sends nothing but key updates must not keep the event loop.
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 1);
    // Clients resume with tickets, which cost no memory here; their keys go with the context.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("sparkgate"), 9);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return out;
}

result<void> use_ciphers(SSL_CTX* context, const tls_options& options) {
    if (options.ciphers.empty() || SSL_CTX_set_cipher_list(context, options.ciphers.c_str())) return {};
    return fail(errc::invalid_argument,
                "\"" + options.ciphers + "\" is no list of ciphers: " + take_openssl_error());
}

result<void> use_certificate(SSL_CTX* context, const tls_options& options) {
    if (auto text = read_pem(options.certificate, "certificate"); !text) return text.error();
    if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str())) return {};
    return refused_by_openssl(options.certificate);
}

// What OpenSSL's callback for passwords is given.
struct password {
    std::string text;
    bool asked_for = false;

    static int copy(char* out, int size, int, void* self) {
        auto& from = *static_cast<password*>(self);
        from.asked_for = true;
        if (from.text.empty() || from.text.size() > static_cast<std::size_t>(size)) return -1;
        return static_cast<int>(from.text.copy(out, from.text.size()));
    }
};

const fs::path& key_file(const tls_options& options) {
    return options.key.empty() ? options.certificate : options.key;
}

result<key_ptr> read_key(const tls_options& options) {
    const auto& file = key_file(options);
    const auto text = read_pem(file, "private key");
    if (!text) return text.error();
    password given;
    const auto& password_file = options.key_password_file;
    if (!password_file.empty()) {
        auto line = read_file(password_file);
        if (!line) return line.error();
        given.text = line->substr(0, line->find_first_of("\r\n"));
    }
    const bio_ptr in(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    key_ptr key(PEM_read_bio_PrivateKey(in.get(), nullptr, password::copy, &given));
    if (key) return key;
    if (!given.asked_for) return refused_by_openssl(file);
    ERR_clear_error();
    if (password_file.empty())
        return refused(file,
                       "is encrypted: server.tls.key-password-file has to name a file with its password");
    return refused(file, "is not encrypted with the password in " + password_file.string());
}

result<void> use_key(SSL_CTX* context, const tls_options& options) {
    const auto key = read_key(options);
    if (!key) return key.error();
    if (SSL_CTX_use_PrivateKey(context, key->get()) && SSL_CTX_check_private_key(context)) return {};
    ERR_clear_error();
    return refused(key_file(options), "is not the key of the certificate in " + options.certificate.string());
}

result<void> use_client_ca(SSL_CTX* context, const tls_options& options) {
    if (options.clients == client_auth::none) return {};
    if (auto text = read_pem(options.client_ca, "certificate"); !text) return text.error();
    auto* names = SSL_load_client_CA_file(options.client_ca.c_str());
    SSL_CTX_set_client_CA_list(context, names);
    if (!names || !SSL_CTX_load_verify_file(context, options.client_ca.c_str()))
        return refused_by_openssl(options.client_ca);
    const int or_fail = options.clients == client_auth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | or_fail, nullptr);
    return {};
}

std::string date(const ASN1_TIME* time) {
    std::tm parts{};
    char text[32];
    if (!ASN1_TIME_to_tm(time, &parts)) return "an unreadable date";
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

void describe(const tls_options& options, loaded_tls& out) {
    const X509* shown = SSL_CTX_get0_certificate(out.context.get());
    const auto* first = X509_get0_notBefore(shown);
    const auto* last = X509_get0_notAfter(shown);
    out.summary = "certificate of " + text_of(X509_get_subject_name(shown)) + ", valid until " + date(last);
    const auto warn = [&](const fs::path& file, const std::string& text) {
        out.warnings.push_back(file.string() + " " + text);
    };
    if (X509_cmp_current_time(last) < 0) warn(options.certificate, "expired at " + date(last));
    if (X509_cmp_current_time(first) > 0) warn(options.certificate, "is not valid before " + date(first));
    for (const auto& file : {key_file(options), options.key_password_file})
        if (!file.empty() && everybody_reads(file))
            warn(file, "can be read by every user of this host: chmod o-r");
}

}  // namespace

result<loaded_tls> load_tls(const tls_options& options) {
    loaded_tls out{make_context(options.min_version), {}, {}};
    ERR_clear_error();
    for (const auto use : {use_ciphers, use_certificate, use_key, use_client_ca})
        if (auto done = use(out.context.get(), options); !done) return done.error();
    describe(options, out);
    return out;
}

}  // namespace sparkgate::http
