// Owners of OpenSSL's objects, and what it says as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace sparkgate::http {

template <auto Free>
struct openssl_deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using ssl_ptr = std::unique_ptr<SSL, openssl_deleter<SSL_free>>;
using bio_ptr = std::unique_ptr<BIO, openssl_deleter<BIO_free>>;
using bio_method_ptr = std::unique_ptr<BIO_METHOD, openssl_deleter<BIO_meth_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>>;

// The reason of the calling thread's first error ("no shared cipher"; "" if there is none). Forgets all.
std::string take_openssl_error();

// "CN=alice,OU=etl" (RFC 4514).
std::string text_of(const X509_NAME* name);

}  // namespace sparkgate::http
