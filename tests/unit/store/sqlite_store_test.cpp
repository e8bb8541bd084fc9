// What only the store on disk promises: durability, its file, and what happens when file or disk are bad.
#include "store/migrations.hpp"
#include "store/sqlite.hpp"
#include "unit/store/support.hpp"

#include "sparkgate/base/files.hpp"

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparkgate::store::test {
namespace {
namespace fs = std::filesystem;

class sqlite_store : public testing::Test {
protected:
    std::unique_ptr<store> open() { return open_sqlite_store(loop_.executor(), file_).value(); }

    // The one line with which the file is refused; it names the file.
    std::string refusal(const fs::path& file) {
        auto opened = open_sqlite_store(loop_.executor(), file);
        if (opened) return "opened";
        EXPECT_EQ(opened.error().code, errc::unavailable);
        EXPECT_EQ(opened.error().message.find('\n'), std::string::npos);
        EXPECT_NE(opened.error().message.find(file.string()), std::string::npos) << opened.error().message;
        return opened.error().message;
    }

    std::string bytes() {
        std::ifstream in(file_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(std::string_view text) { std::ofstream(file_, std::ios::binary) << text; }
    mode_t mode(const fs::path& file) {
        struct stat info {};
        EXPECT_EQ(::stat(file.c_str(), &info), 0) << file;
        return info.st_mode & 0777;
    }

    temp_dir dir_;
    fs::path file_ = dir_.path() / "store.db";
    event_loop loop_;
};

TEST_F(sqlite_store, remembers_everything_after_reopening) {
    auto first = open();
    ASSERT_TRUE(loop_.await(first->commit(changes(
        put_session{session(0)}, put_statement{statement_of(0, 0, "{}")}, put_next_id{"session", 5}))));
    first->close();
    first.reset();
    auto second = open();
    const auto all = second->load().value();
    EXPECT_EQ(all.sessions.size(), 1u);
    EXPECT_EQ(all.statements.size(), 1u);
    EXPECT_EQ(all.next_session_id, 5);
    EXPECT_EQ(loop_.await(second->read_output(0, 0)).value(), "{}");
}

TEST_F(sqlite_store, destruction_commits_what_waits) {
    auto first = open();
    for (int i = 0; i < 100; ++i)
        first->enqueue(changes(put_session{session(i)}));
    first.reset();
    EXPECT_EQ(open()->load().value().sessions.size(), 100u);
}

TEST_F(sqlite_store, what_was_committed_survives_a_kill) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto killed = open();
        const bool stored = loop_.await(killed->commit(changes(put_session{session(7)}))).has_value();
        ::kill(stored ? ::getpid() : 0, SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_TRUE(fs::exists(file_.string() + "-wal"));  // nobody closed the store
    EXPECT_EQ(open()->load().value().sessions.at(0).id, 7);
}

TEST_F(sqlite_store, its_files_are_private) {
    auto opened = open();
    ASSERT_TRUE(loop_.await(opened->commit(changes(put_session{session(0)}))));
    EXPECT_EQ(mode(file_), 0600u);
    EXPECT_EQ(mode(file_.string() + "-wal"), 0600u);
    EXPECT_EQ(mode(file_.string() + "-shm"), 0600u);
    opened.reset();
    fs::permissions(file_, fs::perms(0644));
    opened = open();
    EXPECT_EQ(mode(file_), 0600u);
}

TEST_F(sqlite_store, a_large_output_does_not_leave_a_large_log) {
    auto opened = open();
    const std::string large(20u << 20, 'x');
    ASSERT_TRUE(loop_.await(
        opened->commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0, large)}))));
    ASSERT_TRUE(loop_.await(opened->commit(changes(put_session{session(1)}))));
    EXPECT_LE(fs::file_size(file_.string() + "-wal"), 9u << 20);
}

TEST_F(sqlite_store, an_empty_file_is_a_new_store) {
    write("");
    EXPECT_TRUE(open()->load().value().sessions.empty());
}

TEST_F(sqlite_store, refuses_a_newer_schema_and_leaves_it_alone) {
    open().reset();
    {
        auto db = database::open(file_).value();
        ASSERT_TRUE(db.execute("PRAGMA user_version = 1000"));
    }
    const auto before = bytes();
    const auto line = refusal(file_);
    EXPECT_NE(line.find("was written by a newer version (schema 1000, this one knows "), std::string::npos)
        << line;
    EXPECT_EQ(bytes(), before);
}

TEST_F(sqlite_store, refuses_another_programs_database_and_leaves_it_alone) {
    {
        auto db = database::open(file_).value();
        ASSERT_TRUE(db.execute("CREATE TABLE bookmarks (url TEXT)"));
    }
    const auto before = bytes();
    EXPECT_NE(refusal(file_).find("belongs to another program"), std::string::npos);
    EXPECT_EQ(bytes(), before);
}

TEST_F(sqlite_store, refuses_a_file_that_is_no_database_and_leaves_it_alone) {
    const std::string text(5000, '#');
    write(text);
    const auto line = refusal(file_);
    EXPECT_NE(line.find("the store is damaged or not a store (file is not a database): restore a copy"),
              std::string::npos)
        << line;
    EXPECT_EQ(bytes(), text);
}

TEST_F(sqlite_store, refuses_a_damaged_first_page_and_leaves_it_alone) {
    open().reset();
    auto damaged = bytes();
    damaged.replace(100, 3000, 3000, '\xff');
    write(damaged);
    EXPECT_NE(refusal(file_).find("is damaged"), std::string::npos);
    EXPECT_EQ(bytes(), damaged);
}

TEST_F(sqlite_store, loading_reports_a_damaged_table) {
    auto first = open();
    ASSERT_TRUE(loop_.await(first->commit(changes(put_session{session(0)}))));
    first.reset();
    auto damaged = bytes();
    damaged.replace(4096, damaged.size() - 4096, damaged.size() - 4096, '\xff');
    write(damaged);
    auto opened = open_sqlite_store(loop_.executor(), file_);
    const auto outcome = opened ? failure((*opened)->load()) : failure(opened);
    EXPECT_NE(outcome.find("malformed"), std::string::npos) << outcome;
}

TEST_F(sqlite_store, refuses_a_directory_that_cannot_be_written) {
    write("a file");
    EXPECT_NE(refusal(file_ / "store.db").find("Not a directory"), std::string::npos);
    EXPECT_NE(refusal(dir_.path() / "missing" / "store.db").find("No such file or directory"),
              std::string::npos);
    refusal(dir_.path());
}

// A limit on the size of files stands in for a full disk: write(2) fails, as it does there.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, SIG_DFL);
    }

private:
    rlimit before_{};
};

TEST_F(sqlite_store, a_full_disk_is_unavailable_and_later_writes_work_again) {
    auto opened = open();
    ASSERT_TRUE(loop_.await(
        opened->commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0, "old")}))));
    const auto put_large = [&] {
        return loop_.await(
            opened->commit(changes(put_statement{statement_of(0, 0, std::string(2u << 20, 'x'))})));
    };
    {
        file_size_limit limit(1u << 20);
        const auto outcome = put_large();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, errc::unavailable);
        EXPECT_EQ(loop_.await(opened->read_output(0, 0)).value(), "old");
        EXPECT_EQ(failure(loop_.await(opened->commit(changes(put_session{session(1)})))), "");  // fits
    }
    EXPECT_EQ(failure(put_large()), "");
    opened.reset();
    opened = open();
    EXPECT_EQ(opened->load().value().sessions.size(), 2u);
    EXPECT_EQ(loop_.await(opened->read_output(0, 0)).value().size(), 2u << 20);
}

TEST_F(sqlite_store, a_commit_keeps_the_event_loop_running_until_it_resolves) {
    auto opened = open();
    std::optional<result<void>> outcome;
    loop_.start(opened->commit(changes(put_session{session(0)})), outcome);
    loop_.run();
    ASSERT_TRUE(outcome.has_value());
}

TEST(store_migrations, a_database_of_this_schema_is_not_touched) {
    temp_dir dir;
    auto db = database::open(dir.path() / "store.db").value();
    ASSERT_TRUE(migrate(db));
    EXPECT_EQ(db.query_integer("PRAGMA user_version").value(), newest_schema());
    EXPECT_EQ(db.query_integer("PRAGMA application_id").value(), application_id);
    EXPECT_TRUE(migrate(db));
    EXPECT_TRUE(check_schema(db));
}

TEST(store_migrations, a_failure_leaves_nothing_behind) {
    temp_dir dir;
    auto db = database::open(dir.path() / "store.db").value();
    ASSERT_TRUE(db.execute("CREATE TABLE counters (name TEXT)"));  // in the way of the last table of schema 1
    EXPECT_FALSE(migrate(db));
    EXPECT_FALSE(db.in_transaction());
    EXPECT_EQ(db.query_integer("SELECT count(*) FROM sqlite_schema").value(), 1);
    EXPECT_EQ(db.query_integer("PRAGMA user_version").value(), 0);
}

// As a session does that keeps its newest 100 statements: the pages of the old ones are used again.
TEST_F(sqlite_store, the_file_does_not_grow_while_old_statements_leave) {
    auto opened = open();
    ASSERT_EQ(failure(loop_.await(opened->commit(changes(put_session{session(0)})))), "");
    std::uintmax_t early = 0;
    for (std::int64_t id = 0; id < 5000; ++id) {
        auto record = statement_of(0, id);
        record.output = std::string(2000, 'x');
        opened->enqueue(changes(put_statement{record}, erase_statements{0, id - 99}));
        if (id == 500) {
            ASSERT_TRUE(opened->load());
            early = fs::file_size(file_);
        }
    }
    EXPECT_EQ(opened->load().value().statements.size(), 100u);
    opened.reset();
    EXPECT_LE(fs::file_size(file_), 2 * std::max<std::uintmax_t>(early, 1u << 20));
    EXPECT_LE(fs::exists(file_.string() + "-wal") ? fs::file_size(file_.string() + "-wal") : 0, 8u << 20);
}

// Each earlier schema has a file of its own below tests/data/store.
TEST_F(sqlite_store, a_store_of_schema_1_is_brought_up_with_all_that_is_in_it) {
    {
        auto old = database::open(file_).value();
        const auto sql = read_file(std::filesystem::path(SPARKGATE_TEST_DATA) / "store/schema-1.sql").value();
        ASSERT_TRUE(old.execute(sql.c_str()));
    }
    auto opened = open();
    const auto all = opened->load().value();
    ASSERT_EQ(all.sessions.size(), 1u);
    EXPECT_EQ(all.sessions[0].state, "idle");
    ASSERT_EQ(all.statements.size(), 2u);
    EXPECT_TRUE(all.statements[0].has_output);
    EXPECT_FALSE(all.statements[1].has_output);
    EXPECT_EQ(all.next_session_id, 7);
    EXPECT_EQ(loop_.await(opened->read_output(3, 0)).value(), R"({"status":"ok"})");
    batch_record batch;
    batch.request = "{}";
    EXPECT_EQ(failure(loop_.await(opened->commit(changes(put_batch{batch})))), "");
}

}  // namespace
}  // namespace sparkgate::store::test
