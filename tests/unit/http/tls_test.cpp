// TLS on the wire. What holds for every connection is tested by running the other tests over TLS
// (CMakeLists.txt).
#include "server_fixture.hpp"

#include <gmock/gmock.h>

#include <netinet/tcp.h>

namespace sparkgate::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string who = "GET /who HTTP/1.1\r\nHost: a\r\n\r\n";

class tls : public http_server {
protected:
    tls() {
        if (!client_tls) speak_tls();
    }

    void expect_served(raw_http& client) const { EXPECT_EQ(client.exchange(hello).body, "hello"); }
    void expect_others_served() const {
        auto other = connect();
        expect_served(other);
    }

    // Until the listener is closed.
    bool drain_has_begun() const {
        return eventually([this] {
            try {
                raw_http early(port);
                return false;
            } catch (const std::runtime_error&) {
                return true;
            }
        });
    }

    // Why a client with these changes to its side cannot shake hands; "" when it can. With TLS 1.3 a client
    // hears of it only when it reads.
    template <class Change>
    std::string refusal_of(Change change) const {
        const http::tls_context changed(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        change(changed.get());
        raw_http client(port, changed.get());
        client.exchange(hello);
        return client.failure();
    }
};

TEST_F(tls, chooses_the_newest_version_and_http_1_1) {
    start();
    static constexpr unsigned char both[] = "\x02h2\x08http/1.1";
    SSL_CTX_set_alpn_protos(client_tls.get(), both, sizeof both - 1);
    auto client = connect();
    EXPECT_STREQ(SSL_get_version(client.tls()), "TLSv1.3");
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.tls(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
    expect_served(client);
}

TEST_F(tls, refuses_clients_that_know_only_http_2) {
    start();
    EXPECT_THAT(refusal_of([](SSL_CTX* client) {
                    SSL_CTX_set_alpn_protos(client, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
                }),
                HasSubstr("no application protocol"));
    expect_others_served();
}

TEST_F(tls, refuses_versions_below_1_2) {
    start();
    EXPECT_THAT(refusal_of([](SSL_CTX* client) {
                    SSL_CTX_set_security_level(client, 0);
                    SSL_CTX_set_min_proto_version(client, TLS1_VERSION);
                    SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION);
                }),
                HasSubstr("protocol version"));
    EXPECT_EQ(refusal_of([](SSL_CTX* client) { SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION); }), "");
}

TEST_F(tls, refuses_1_2_where_1_3_is_the_lowest) {
    http::tls_options rules;
    rules.min_version = http::tls_version::v1_3;
    speak_tls(rules);
    start();
    EXPECT_THAT(refusal_of([](SSL_CTX* client) { SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION); }),
                HasSubstr("protocol version"));
    expect_others_served();
}

TEST_F(tls, keeps_to_the_ciphers) {
    http::tls_options rules;
    rules.ciphers = "ECDHE+CHACHA20";
    speak_tls(rules);
    start();
    const auto with = [](const char* ciphers) {
        return [ciphers](SSL_CTX* client) {
            SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
            SSL_CTX_set_cipher_list(client, ciphers);
        };
    };
    EXPECT_THAT(refusal_of(with("ECDHE+AESGCM")), HasSubstr("handshake failure"));
    EXPECT_EQ(refusal_of(with("ECDHE+CHACHA20")), "");
}

// A BIO that sends every byte alone.
BIO* make_dripping_bio(int socket) {
    static const http::bio_method_ptr method = [] {
        http::bio_method_ptr made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "drip"));
        BIO_meth_set_ctrl(made.get(),
                          [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
        BIO_meth_set_write(made.get(), [](BIO* bio, const char* data, int size) {
            const int to = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
            for (int i = 0; i < size; ++i)
                if (::send(to, data + i, 1, MSG_NOSIGNAL) != 1) return -1;
            return size;
        });
        return made;
    }();
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    BIO* bio = BIO_new(method.get());
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    return bio;
}

TEST_F(tls, reads_records_byte_by_byte) {
    start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const raw_http connection(port);
        const http::ssl_ptr client(SSL_new(client_tls.get()));
        SSL_set_max_proto_version(client.get(), version);
        SSL_set_fd(client.get(), connection.descriptor());
        SSL_set0_wbio(client.get(), make_dripping_bio(connection.descriptor()));
        ASSERT_EQ(SSL_connect(client.get()), 1);
        SSL_write(client.get(), hello.data(), static_cast<int>(hello.size()));
        char answer[1000];
        const int size = SSL_read(client.get(), answer, sizeof answer);
        ASSERT_GT(size, 0);
        EXPECT_THAT(std::string(answer, static_cast<std::size_t>(size)), HasSubstr("200 OK"));
    }
}

TEST_F(tls, tells_who_speaks_plain_http) {
    start();
    raw_http client(port);
    const auto got = client.exchange("GET /hello HTTP/1.1\r\nHost: gate.example.org:8998\r\n\r\n");
    EXPECT_EQ(got.status, 400U);
    EXPECT_EQ(got.body, "{\"msg\":\"this port speaks TLS: use https://gate.example.org:8998\"}");
    EXPECT_EQ(got.header("Connection"), "close");
    EXPECT_TRUE(client.closed());
    raw_http with_body(port);
    EXPECT_EQ(with_body.exchange("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc").status, 400U);
    EXPECT_TRUE(with_body.closed());
    EXPECT_EQ(echoed, 0);
    raw_http nonsense(port);
    EXPECT_EQ(nonsense.exchange("\x80\x01\x02\r\n\r\n").status, 400U);
    EXPECT_TRUE(nonsense.closed());
    expect_others_served();
}

TEST_F(tls, closes_on_what_only_begins_like_a_handshake) {
    start();
    using namespace std::string_view_literals;
    for (const auto bytes : {"\x16 is no handshake"sv, "\x16\x03\x01\x00\x05-----"sv}) {
        raw_http client(port);
        client.send(bytes);
        const auto alert = client.receive_all();
        EXPECT_TRUE(alert.empty() || alert[0] == 0x15) << alert;
        EXPECT_TRUE(client.closed());
    }
    expect_others_served();
}

TEST_F(tls, a_handshake_has_the_deadline_of_a_header) {
    options.limit.header_timeout = 100ms;
    start();
    raw_http silent(port), slow(port);
    slow.send("\x16\x03\x01");
    EXPECT_TRUE(silent.closed());
    EXPECT_TRUE(slow.closed());
    expect_others_served();
}

TEST_F(tls, handshakes_count_as_connections) {
    options.limit.connections = 1;
    start();
    {
        raw_http silent(port);
        auto refused = connect();
        EXPECT_EQ(refused.exchange(hello).status, 503U);
    }
    EXPECT_TRUE(eventually([this] { return connect().exchange(hello).status == 200U; }));
}

class tls_clients : public tls {
protected:
    void ask_clients(http::client_auth how) {
        http::tls_options rules;
        rules.clients = how;
        rules.client_ca = write("ca.pem", ca.pem());
        speak_tls(rules);
        start();
    }

    static void show(SSL_CTX* client, const certificate& shown) {
        SSL_CTX_use_certificate(client, shown.get());
        SSL_CTX_use_PrivateKey(client, shown.key());
    }

    static certificate::subject named(const std::string& name) {
        certificate::subject out;
        out.common_name = name;
        return out;
    }
    static certificate::subject ca_named(const std::string& name) {
        auto out = named(name);
        out.is_ca = true;
        return out;
    }

    const certificate ca{ca_named("clients' CA")};
};

TEST_F(tls_clients, are_known_by_their_certificate) {
    ask_clients(http::client_auth::required);
    auto alice = named("Zoë, \"A\"");
    alice.unit = "etl";
    show(client_tls.get(), certificate(alice, ca));
    auto client = connect();
    EXPECT_EQ(sk_X509_NAME_num(SSL_get0_peer_CA_list(client.tls())), 1) << "clients choose by it";
    EXPECT_EQ(client.exchange(who).body, "CN=Zoë\\, \\\"A\\\",OU=etl|Zoë, \"A\"");
    EXPECT_EQ(client.exchange(who).body, "CN=Zoë\\, \\\"A\\\",OU=etl|Zoë, \"A\"") << "so is the next request";
}

TEST_F(tls_clients, are_known_when_they_resume) {
    ask_clients(http::client_auth::required);
    show(client_tls.get(), certificate(named("alice"), ca));
    auto first = connect();
    EXPECT_EQ(first.exchange(who).body, "CN=alice|alice");
    SSL_SESSION* ticket = SSL_get1_session(first.tls());
    const raw_http connection(port);
    const http::ssl_ptr again(SSL_new(client_tls.get()));
    SSL_set_fd(again.get(), connection.descriptor());
    SSL_set_session(again.get(), ticket);
    SSL_SESSION_free(ticket);
    ASSERT_EQ(SSL_connect(again.get()), 1);
    EXPECT_EQ(SSL_session_reused(again.get()), 1);
    SSL_write(again.get(), who.data(), static_cast<int>(who.size()));
    char answer[1000];
    const int size = SSL_read(again.get(), answer, sizeof answer);
    EXPECT_THAT(std::string(answer, static_cast<std::size_t>(std::max(size, 0))),
                HasSubstr("CN=alice|alice"));
}

TEST_F(tls_clients, have_no_common_name_where_there_are_two) {
    ask_clients(http::client_auth::required);
    auto two = named("alice");
    two.second_common_name = "root";
    show(client_tls.get(), certificate(two, ca));
    EXPECT_EQ(connect().exchange(who).body, "CN=root,CN=alice|");
}

TEST_F(tls_clients, are_refused_without_a_certificate_where_it_is_required) {
    ask_clients(http::client_auth::required);
    auto client = connect();
    client.exchange(hello);
    EXPECT_THAT(client.failure(), HasSubstr("certificate required"));
    char byte;
    EXPECT_EQ(::recv(client.descriptor(), &byte, 1, 0), 0);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(::send(client.descriptor(), "x", 1, MSG_NOSIGNAL), 1)
            << "a reset could overtake the reason";
    EXPECT_THAT(refusal_of([](SSL_CTX* old) { SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION); }),
                HasSubstr("handshake failure"));
    EXPECT_TRUE(access_log().empty());
}

TEST_F(tls_clients, may_do_without_where_it_is_optional) {
    ask_clients(http::client_auth::optional);
    EXPECT_EQ(connect().exchange(who).body, "|");
    show(client_tls.get(), certificate(named("alice"), ca));
    EXPECT_EQ(connect().exchange(who).body, "CN=alice|alice");
}

TEST_F(tls_clients, are_refused_with_a_certificate_that_does_not_count) {
    ask_clients(http::client_auth::optional);
    const certificate other_ca(ca_named("clients' CA"));
    auto expired = named("alice");
    expired.ends = -60;
    const auto refusal_with = [this](const certificate& shown) {
        return refusal_of([&](SSL_CTX* client) { show(client, shown); });
    };
    EXPECT_NE(refusal_with(certificate(named("alice"), other_ca)), "");
    EXPECT_THAT(refusal_with(certificate(named("alice"))), HasSubstr("unknown ca"));
    EXPECT_THAT(refusal_with(certificate(expired, ca)), HasSubstr("certificate expired"));
    EXPECT_TRUE(access_log().empty());
}

TEST_F(tls, sends_the_certificates_between_its_own_and_the_ca) {
    certificate::subject name;
    name.is_ca = true;
    name.common_name = "root";
    const certificate root(name);
    name.common_name = "between";
    const certificate between(name, root);
    const certificate leaf(certificate::subject{}, between);
    http::tls_options rules;
    rules.certificate = write("chain.pem", leaf.pem() + between.pem() + leaf.key_pem());
    options.tls = http::load_tls(rules).value().context;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client_tls.get()), root.get());
    start();
    auto client = connect();
    EXPECT_EQ(client.failure(), "");
    expect_served(client);
}

TEST_F(tls, takes_another_certificate_for_new_connections) {
    start();
    auto old = connect();
    expect_served(old);
    certificate::subject name;
    name.common_name = "renewed";
    const certificate renewed(name);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client_tls.get()), renewed.get());
    http::tls_options rules;
    rules.certificate = write("renewed.pem", renewed.pem() + renewed.key_pem());
    on_loop([&] { server_->use_tls(http::load_tls(rules).value().context); });
    auto fresh = connect();
    EXPECT_EQ(http::text_of(X509_get_subject_name(SSL_get0_peer_certificate(fresh.tls()))), "CN=renewed");
    expect_served(fresh);
    expect_served(old);
}

TEST_F(tls, does_not_renegotiate) {
    start();
    SSL_CTX_set_max_proto_version(client_tls.get(), TLS1_2_VERSION);
    auto client = connect();
    SSL_renegotiate(client.tls());
    SSL_do_handshake(client.tls());
    client.exchange(hello);
    EXPECT_THAT(client.failure(), HasSubstr("no renegotiation"));
    expect_others_served();
}

TEST_F(tls, follows_key_updates) {
    start();
    auto client = connect();
    for (int i = 0; i < 100; ++i) {
        SSL_key_update(client.tls(), SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(client.tls());
        if (i % 10 == 0) expect_served(client);
    }
    expect_served(client);
}

TEST_F(tls, takes_a_cut_for_an_end) {
    start();
    {
        auto idle = connect();
        expect_served(idle);
        auto in_body = connect();
        in_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    }
    expect_others_served();
    EXPECT_EQ(echoed, 0);
    EXPECT_EQ(drain(1h).wait_for(5s), std::future_status::ready) << "all are gone";
}

TEST_F(tls, drain_does_not_wait_for_who_has_not_said_hello) {
    options.limit.header_timeout = 1h;
    start();
    raw_http silent(port);
    expect_others_served();  // accepted later
    auto drained = drain(1h);
    EXPECT_TRUE(silent.closed());
    silent.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

// What `write` makes the client's side of TLS send, not sent yet.
template <class Write>
std::string record_of(SSL* client, Write write) {
    BIO* socket = SSL_get_wbio(client);
    BIO_up_ref(socket);
    BIO* memory = BIO_new(BIO_s_mem());
    BIO_up_ref(memory);
    SSL_set0_wbio(client, memory);
    write();
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    std::string out(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    SSL_set0_wbio(client, socket);
    return out;
}

void send_raw(const raw_http& to, std::string_view bytes) {
    ASSERT_EQ(::send(to.descriptor(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

TEST_F(tls, drain_answers_a_request_of_which_half_a_record_has_come) {
    start();
    auto client = connect();
    expect_served(client);
    const auto record = record_of(client.tls(), [&] { client.send(hello); });
    send_raw(client, record.substr(0, 20));
    expect_others_served();  // by now these bytes have been read
    auto drained = drain(1h);
    send_raw(client, record.substr(20));
    EXPECT_EQ(client.receive().header("Connection"), "close");
    EXPECT_TRUE(client.closed());
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(tls, drain_lets_a_handshake_come_to_its_end) {
    start();
    const raw_http connection(port);
    const http::ssl_ptr client(SSL_new(client_tls.get()));
    SSL_set_connect_state(client.get());
    SSL_set0_rbio(client.get(), BIO_new(BIO_s_mem()));
    SSL_set0_wbio(client.get(), BIO_new(BIO_s_null()));
    send_raw(connection, record_of(client.get(), [&] { SSL_do_handshake(client.get()); }));
    pollfd answered{connection.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&answered, 1, 10'000), 1) << "the server's part is there, the client's is not";
    auto drained = drain(1h);
    ASSERT_TRUE(drain_has_begun());
    SSL_set_fd(client.get(), connection.descriptor());
    ASSERT_EQ(SSL_do_handshake(client.get()), 1);
    SSL_write(client.get(), hello.data(), static_cast<int>(hello.size()));
    char answer[1000];
    const int size = SSL_read(client.get(), answer, sizeof answer);
    EXPECT_THAT(std::string(answer, static_cast<std::size_t>(std::max(size, 0))),
                HasSubstr("Connection: close"));
    EXPECT_NE(drained.wait_for(0s), std::future_status::ready);
    ::shutdown(connection.descriptor(), SHUT_RDWR);
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(tls, drain_does_not_wait_for_who_only_updates_keys) {
    start();
    auto client = connect();
    expect_served(client);
    const auto record = record_of(client.tls(), [&] {
        SSL_key_update(client.tls(), SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(client.tls());
    });
    std::future<void> drained;
    on_loop([&] {
        send_raw(client, record);  // not read before the drain begins
        drained = drain(1h);
    });
    EXPECT_TRUE(client.closed());
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

}  // namespace
}  // namespace sparkgate::test
