// What the server needs to speak TLS, read from files. Blocking; any thread.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace sparkgate::http {

enum class tls_version { v1_2, v1_3 };

// Whether clients are asked for a certificate, and whether they have to have one.
enum class client_auth { none, optional, required };

// All files are PEM.
struct tls_options {
    std::filesystem::path certificate;        // the server's, then those that lead to its CA
    std::filesystem::path key;                // empty: in the certificate's file
    std::filesystem::path key_password_file;  // its first line; empty: the key is not encrypted
    tls_version min_version = tls_version::v1_2;
    std::string ciphers;  // of TLS 1.2, as OpenSSL's `ciphers` takes them; empty: OpenSSL's own
    client_auth clients = client_auth::none;
    std::filesystem::path client_ca;  // who may have signed the clients' certificates
};

// Null: no TLS. A connection keeps what it began with.
using tls_context = std::shared_ptr<ssl_ctx_st>;

struct loaded_tls {
    tls_context context;
    std::string summary;  // "certificate of CN=gate.example.org, valid until 2027-01-31 10:00 UTC"
    std::vector<std::string> warnings;  // each names its file: expired, readable by everybody
};

// Errors, one line: not_found and unavailable name the file and say what is wrong with it; invalid_argument
// is about `ciphers`.
result<loaded_tls> load_tls(const tls_options& options);

}  // namespace sparkgate::http
