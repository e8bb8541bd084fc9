#include "store/migrations.hpp"
#include "store/sqlite.hpp"
#include "store/tables.hpp"
#include "store/writer.hpp"

#include "sparkgate/base/run_on.hpp"
#include "sparkgate/store/store.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <semaphore>

namespace sparkgate::store {
namespace fs = std::filesystem;

namespace {

// Memory of a call beside its texts, generously.
constexpr std::size_t call_bytes = 1024;

std::size_t bytes_of(const std::vector<change>& changes) {
    std::size_t bytes = call_bytes;
    for (const auto& c : changes) {
        bytes += sizeof c;
        if (const auto* session = std::get_if<put_session>(&c))
            bytes += session->record.details.size() +
                     (session->record.request ? session->record.request->size() : 0);
        if (const auto* batch = std::get_if<put_batch>(&c))
            bytes +=
                batch->record.details.size() + (batch->record.request ? batch->record.request->size() : 0);
        if (const auto* statement = std::get_if<put_statement>(&c))
            bytes += statement->record.code.size() + statement->record.output.size();
    }
    return bytes;
}

// Resumes a waiting coroutine on its own executor, whatever the thread that calls.
template <class Handler, class Value>
class resumption {
public:
    resumption(Handler handler, const asio::any_io_executor& fallback)
        : executor_(asio::get_associated_executor(handler, fallback)), handler_(std::move(handler)) {}

    void operator()(Value value) {
        auto resume = [handler = std::move(handler_), value = std::move(value)]() mutable {
            std::move(handler)(std::move(value));
        };
        asio::post(executor_, std::move(resume));
    }

private:
    asio::any_io_executor executor_;
    Handler handler_;
};

class sqlite_store final : public store {
public:
    static result<std::unique_ptr<store>> open(asio::any_io_executor executor, const fs::path& file,
                                               std::size_t waiting_bytes);

    // The statements of tables_ hold a pointer to *db_, which therefore does not move.
    sqlite_store(asio::any_io_executor executor, std::unique_ptr<database> db, tables prepared,
                 text_reader reader, std::size_t waiting_bytes)
        : executor_(std::move(executor)),
          db_(std::move(db)),
          tables_(std::move(prepared)),
          reader_(std::move(reader)),
          writer_(*db_, waiting_bytes) {}
    ~sqlite_store() override { close(); }

    result<contents> load() override;
    awaitable<result<void>> commit(std::vector<change> changes) override;
    void enqueue(std::vector<change> changes) override;
    awaitable<result<std::string>> read_output(std::int64_t session, std::int64_t statement) override {
        return read(&text_reader::read_output, session, statement);
    }
    awaitable<result<std::string>> read_code(std::int64_t session, std::int64_t statement) override {
        return read(&text_reader::read_code, session, statement);
    }
    void close() override;
    statistics stats() const override { return writer_.stats(); }

private:
    template <class Finish>
    void submit(std::vector<change> changes, Finish finish);
    using read_function = result<std::string> (text_reader::*)(std::int64_t, std::int64_t);
    awaitable<result<std::string>> read(read_function which, std::int64_t session, std::int64_t statement);

    asio::any_io_executor executor_;
    std::unique_ptr<database> db_;
    tables tables_;
    text_reader reader_;
    bool closed_ = false;
    // Last: the threads use the others.
    asio::thread_pool reading_thread_{1};
    writer writer_;
};

// A small cache, for the memory of the whole gateway is small; a write-ahead log that a large output has
// stretched is cut again. The log is merged into the file by SQLite itself, every 1000 pages and at the end.
constexpr const char* set_up_sql =
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;"
    "PRAGMA journal_size_limit = 8388608;";

// SQLite takes what is missing of the last page for zeros, and the records in it for erased. Where the
// write-ahead log cannot be merged now, the file may be short of what is there.
result<void> check_size(database& db, const fs::path& file) {
    const auto busy = db.query_integer("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!busy || *busy != 0) return {};
    const auto pages = db.query_integer("PRAGMA page_count"), page = db.query_integer("PRAGMA page_size");
    if (!pages) return pages.error();
    if (!page) return page.error();
    std::error_code unreadable;
    if (fs::file_size(file, unreadable) == static_cast<std::uintmax_t>(*pages * *page) || unreadable)
        return {};
    return fail(
        errc::unavailable,
        "the store is damaged (it is not as long as it says): restore a copy, or move it away with its "
        "-wal and -shm files to begin anew");
}

result<void> set_up(database& db, const fs::path& file) {
    if (auto done = db.wait_for_locks(); !done) return done;
    // Looks before it changes anything: a file that is refused stays as it is.
    if (auto checked = check_schema(db); !checked) return checked;
    auto mode = db.query_text("PRAGMA journal_mode = WAL");
    if (!mode) return mode.error();
    if (*mode != "wal")
        return fail(errc::unavailable, "the store cannot use a write-ahead log: put it on a local disk");
    if (auto done = db.execute(set_up_sql); !done) return done;
    if (auto checked = check_size(db, file); !checked) return checked;
    return migrate(db);
}

result<std::unique_ptr<store>> sqlite_store::open(asio::any_io_executor executor, const fs::path& file,
                                                  std::size_t waiting_bytes) {
    auto opened = database::open(file);
    if (!opened) return opened.error();
    auto db = std::make_unique<database>(std::move(*opened));
    const auto refused = [&](const error& why) { return fail(why.code, file.string() + ": " + why.message); };
    if (auto done = set_up(*db, file); !done) return refused(done.error());
    auto prepared = tables::prepare(*db);
    if (!prepared) return refused(prepared.error());
    auto reader = text_reader::open(file);
    if (!reader) return refused(reader.error());
    return std::make_unique<sqlite_store>(std::move(executor), std::move(db), std::move(*prepared),
                                          std::move(*reader), waiting_bytes);
}

template <class Finish>
void sqlite_store::submit(std::vector<change> changes, Finish finish) {
    const std::size_t bytes = bytes_of(changes);
    auto run = [this, changes = std::move(changes)]() -> result<void> {
        for (const auto& c : changes)
            if (auto applied = tables_.apply(c); !applied) return applied;
        return {};
    };
    writer_.submit(make_call(std::move(run), std::move(finish)), bytes);
}

result<contents> sqlite_store::load() {
    result<contents> loaded = fail(errc::internal, "not loaded");
    std::binary_semaphore done(0);
    bool has_run = false;
    auto run = [&]() -> result<void> {
        has_run = true;
        loaded = tables_.read_contents();
        if (!loaded) return loaded.error();
        return {};
    };
    auto finish = [&](const result<void>& outcome) {
        if (!outcome && (!has_run || loaded)) loaded = outcome.error();  // the first error tells most
        done.release();
    };
    writer_.submit(make_call(run, finish, true), call_bytes);
    done.acquire();
    return loaded;
}

awaitable<result<void>> sqlite_store::commit(std::vector<change> changes) {
    if (changes.empty()) co_return result<void>();
    auto start = [&](auto handler) {
        submit(std::move(changes),
               resumption<decltype(handler), result<void>>(std::move(handler), executor_));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(result<void>)>(
        start, asio::use_awaitable);
}

void sqlite_store::enqueue(std::vector<change> changes) {
    if (changes.empty()) return;
    submit(std::move(changes), [](const result<void>&) {});
}

awaitable<result<std::string>> sqlite_store::read(read_function which, std::int64_t session,
                                                  std::int64_t statement) {
    if (closed_) co_return fail(errc::unavailable, "the store is closed");
    auto work = [this, which, session, statement] { return (reader_.*which)(session, statement); };
    co_return co_await run_on(reading_thread_.get_executor(), std::move(work));
}

void sqlite_store::close() {
    closed_ = true;
    reading_thread_.join();
    writer_.close();
}

}  // namespace

result<std::unique_ptr<store>> open_sqlite_store(asio::any_io_executor executor, const fs::path& file,
                                                 std::size_t waiting_bytes) {
    return sqlite_store::open(std::move(executor), file, waiting_bytes);
}

}  // namespace sparkgate::store
