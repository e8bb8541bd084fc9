// Reading certificates and keys: what is wrong with them is told in one line that names the file.
#include "support/certificates.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/http/tls.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

namespace sparkgate::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class tls_context : public ::testing::Test {
protected:
    tls_context() {
        options.certificate = write("server.pem", server.pem());
        options.key = write("server.key", server.key_pem());
    }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        EXPECT_TRUE(write_file_atomically(dir.path() / name, text));
        return dir.path() / name;
    }

    void expect_refused(const std::filesystem::path& file, const std::string& reason,
                        errc code = errc::unavailable) const {
        const auto loaded = http::load_tls(options);
        ASSERT_FALSE(loaded);
        EXPECT_THAT(loaded.error().message, HasSubstr(file.string()));
        EXPECT_THAT(loaded.error().message, HasSubstr(reason));
        EXPECT_EQ(loaded.error().message.find('\n'), std::string::npos);
        EXPECT_EQ(loaded.error().code, code);
        EXPECT_EQ(ERR_peek_error(), 0u) << "left for the next one who looks";
    }

    const temp_dir dir;
    const certificate server{certificate::subject{}};
    http::tls_options options;
};

TEST_F(tls_context, reads_a_certificate_and_its_key) {
    const auto loaded = http::load_tls(options).value();
    EXPECT_NE(loaded.context, nullptr);
    EXPECT_THAT(loaded.summary, testing::MatchesRegex("certificate of CN=localhost, valid until "
                                                      "20..-..-.. ..:.. UTC"));
    EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST_F(tls_context, reads_both_from_one_file) {
    options.certificate = write("both.pem", server.key_pem() + server.pem());
    options.key.clear();
    EXPECT_TRUE(http::load_tls(options));
}

TEST_F(tls_context, files_that_are_not_there) {
    options.key = "/nowhere/key.pem";
    expect_refused(options.key, "No such file or directory", errc::not_found);
    options.certificate = "/nowhere/certificate.pem";
    expect_refused(options.certificate, "No such file or directory", errc::not_found);
}

TEST_F(tls_context, files_that_hold_something_else) {
    const auto keystore = write("livy.jks", "\xfe\xed\xfe\xed rest");
    const auto good = options;
    options.certificate = keystore;
    expect_refused(keystore, "holds no certificate in PEM format");
    options.certificate = good.key;
    expect_refused(good.key, "holds no certificate in PEM format");
    options = good;
    options.key = keystore;
    expect_refused(keystore, "holds no private key in PEM format");
    options.key = good.certificate;
    expect_refused(good.certificate, "holds no private key in PEM format");
    options.certificate = write("cut.pem", server.pem().substr(0, 100));
    expect_refused(options.certificate, "OpenSSL does not take it: ");
}

TEST_F(tls_context, the_key_of_another_certificate) {
    for (const int bits : {0, 2048}) {
        certificate::subject another;
        another.bits = bits;
        options.key = write("other.key", certificate(another).key_pem());
        expect_refused(options.key, "is not the key of the certificate in " + options.certificate.string());
    }
}

TEST_F(tls_context, an_encrypted_key) {
    options.key = write("server.key", server.key_pem("hunter2"));
    expect_refused(options.key, "is encrypted: server.tls.key-password-file");
    options.key_password_file = write("password", "hunter3\n");
    expect_refused(options.key,
                   "is not encrypted with the password in " + options.key_password_file.string());
    options.key_password_file = "/nowhere/password";
    expect_refused(options.key_password_file, "No such file or directory", errc::not_found);
    options.key_password_file = write("password", "hunter2\nan old one\n");
    EXPECT_TRUE(http::load_tls(options));
}

TEST_F(tls_context, a_key_that_is_too_weak) {
    certificate::subject weak;
    weak.bits = 1024;
    const certificate made(weak);
    options.certificate = write("weak.pem", made.pem());
    options.key = write("weak.key", made.key_pem());
    expect_refused(options.certificate, "too small");
}

TEST_F(tls_context, ciphers_that_do_not_exist) {
    options.ciphers = "ECDHE+AESGCM:!aNULL";
    EXPECT_TRUE(http::load_tls(options));
    options.ciphers = "NO-SUCH-CIPHER";
    expect_refused("\"NO-SUCH-CIPHER\"", "no cipher match", errc::invalid_argument);
}

TEST_F(tls_context, the_clients_ca) {
    options.clients = http::client_auth::required;
    options.client_ca = "/nowhere/ca.pem";
    expect_refused(options.client_ca, "No such file or directory", errc::not_found);
    options.client_ca = options.key;
    expect_refused(options.client_ca, "holds no certificate in PEM format");
    options.client_ca = options.certificate;
    EXPECT_TRUE(http::load_tls(options));
}

TEST_F(tls_context, warns_of_dates) {
    certificate::subject who;
    who.begins = -7200;
    who.ends = -3600;
    const certificate old(who);
    options.certificate = write("old.pem", old.pem());
    options.key = write("old.key", old.key_pem());
    EXPECT_THAT(http::load_tls(options).value().warnings,
                ElementsAre(StartsWith(options.certificate.string() + " expired at 20")));
    who.begins = 3600;
    who.ends = 7200;
    const certificate early(who);
    options.certificate = write("early.pem", early.pem());
    options.key = write("early.key", early.key_pem());
    EXPECT_THAT(http::load_tls(options).value().warnings,
                ElementsAre(StartsWith(options.certificate.string() + " is not valid before 20")));
}

TEST_F(tls_context, warns_of_secrets_that_everybody_can_read) {
    options.key = write("server.key", server.key_pem("hunter2"));
    options.key_password_file = write("password", "hunter2");
    ::chmod(options.key.c_str(), 0640);
    EXPECT_THAT(http::load_tls(options).value().warnings, IsEmpty()) << "a group for keys is usual";
    ::chmod(options.key.c_str(), 0644);
    ::chmod(options.key_password_file.c_str(), 0604);
    ::chmod(options.certificate.c_str(), 0644);
    EXPECT_THAT(http::load_tls(options).value().warnings,
                ElementsAre(StartsWith(options.key.string() + " can be read by every user"),
                            StartsWith(options.key_password_file.string() + " can be read by every user")));
}

}  // namespace
}  // namespace sparkgate::test
