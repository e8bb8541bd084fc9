// Keys and certificates for tests, made in a moment and valid for a day.
#pragma once

#include "http/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace sparkgate::test {

class certificate {
public:
    struct subject {
        std::string common_name = "localhost";
        std::string unit = {};
        std::string second_common_name = {};
        bool is_ca = false;
        long begins = -3600, ends = 86400;  // seconds from now
        int bits = 0;                       // of an RSA key; 0: a P-256 key
    };

    // Signed by itself.
    explicit certificate(const subject& who) : certificate(who, nullptr) {}
    certificate(const subject& who, const certificate& issuer) : certificate(who, &issuer) {}

    std::string pem() const {
        const http::bio_ptr out(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(out.get(), certificate_.get());
        return text(out.get());
    }

    // Encrypted where there is a password.
    std::string key_pem(const std::string& password = "") const {
        const http::bio_ptr out(BIO_new(BIO_s_mem()));
        const auto* bytes = reinterpret_cast<const unsigned char*>(password.data());
        PEM_write_bio_PrivateKey(out.get(), key_.get(), password.empty() ? nullptr : EVP_aes_128_cbc(), bytes,
                                 static_cast<int>(password.size()), nullptr, nullptr);
        return text(out.get());
    }

    X509* get() const { return certificate_.get(); }
    EVP_PKEY* key() const { return key_.get(); }

private:
    using x509_ptr = std::unique_ptr<X509, http::openssl_deleter<X509_free>>;

    certificate(const subject& who, const certificate* issuer)
        : key_(who.bits ? EVP_RSA_gen(static_cast<unsigned>(who.bits)) : EVP_EC_gen("P-256")),
          certificate_(X509_new()) {
        auto* made = certificate_.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++last_serial_);
        X509_gmtime_adj(X509_getm_notBefore(made), who.begins);
        X509_gmtime_adj(X509_getm_notAfter(made), who.ends);
        X509_set_pubkey(made, key_.get());
        auto* name = X509_get_subject_name(made);
        if (!who.unit.empty()) add(name, "OU", who.unit);
        add(name, "CN", who.common_name);
        if (!who.second_common_name.empty()) add(name, "CN", who.second_common_name);
        X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer->get() : made));
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                              who.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
        X509_add_ext(made, extension, -1);
        X509_EXTENSION_free(extension);
        X509_sign(made, issuer ? issuer->key() : key_.get(), EVP_sha256());
    }

    static void add(X509_NAME* name, const char* field, const std::string& value) {
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0);
    }

    static std::string text(BIO* from) {
        char* data = nullptr;
        const auto size = BIO_get_mem_data(from, &data);
        return {data, static_cast<std::size_t>(size)};
    }

    inline static long last_serial_ = 0;
    http::key_ptr key_;
    x509_ptr certificate_;
};

}  // namespace sparkgate::test
