#include "tls_settings.hpp"

#include <spdlog/spdlog.h>

namespace sparkgate::app {
namespace {

// Keys that would have no effect, where somebody expects protection.
result<void> check(const config::settings& s) {
    const bool asks_clients = s.tls_client_auth != "none";
    const char* lonely = !s.tls_key.empty()                 ? "server.tls.key"
                         : !s.tls_key_password_file.empty() ? "server.tls.key-password-file"
                         : !s.tls_client_ca.empty()         ? "server.tls.client-ca"
                         : asks_clients                     ? "server.tls.client-auth"
                                                            : nullptr;
    if (s.tls_certificate.empty() && lonely)
        return fail(errc::invalid_argument, std::string(lonely) + " needs server.tls.certificate");
    if (asks_clients && s.tls_client_ca.empty())
        return fail(errc::invalid_argument,
                    "server.tls.client-auth needs server.tls.client-ca, which says whose certificates count");
    if (!asks_clients && !s.tls_client_ca.empty())
        return fail(errc::invalid_argument,
                    "server.tls.client-ca needs server.tls.client-auth to be optional or required");
    return {};
}

http::tls_options options_of(const config::settings& s) {
    http::tls_options out;
    out.certificate = s.tls_certificate;
    out.key = s.tls_key;
    out.key_password_file = s.tls_key_password_file;
    if (s.tls_min_version == "1.3") out.min_version = http::tls_version::v1_3;
    out.ciphers = s.tls_ciphers;
    if (s.tls_client_auth == "optional") out.clients = http::client_auth::optional;
    if (s.tls_client_auth == "required") out.clients = http::client_auth::required;
    out.client_ca = s.tls_client_ca;
    return out;
}

}  // namespace

result<http::loaded_tls> load_tls(const config::settings& settings) {
    if (auto checked = check(settings); !checked) return checked.error();
    if (settings.tls_certificate.empty()) return http::loaded_tls{};
    auto loaded = http::load_tls(options_of(settings));
    if (!loaded) return fail(loaded.error().code, "TLS: " + loaded.error().message);
    return loaded;
}

void report(const http::loaded_tls& loaded) {
    if (!loaded.context) return;
    spdlog::info("TLS: {}", loaded.summary);
    for (const auto& warning : loaded.warnings)
        spdlog::warn("TLS: {}", warning);
}

}  // namespace sparkgate::app
