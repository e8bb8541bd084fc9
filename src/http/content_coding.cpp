#include "http/content_coding.hpp"

#include <boost/algorithm/string/trim.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cstdlib>
#include <zlib.h>

namespace sparkgate::http {
namespace {

using boost::beast::iequals;

// zlib's window bits: 15, plus 16 for gzip's header and trailer instead of zlib's.
int window_bits(coding how) {
    return how == coding::gzip ? 15 + 16 : 15;
}

z_stream stream_over(std::string_view body) {
    z_stream out{};
    // zlib does not write through this pointer; its type is older than const.
    out.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    out.avail_in = static_cast<uInt>(body.size());
    return out;
}

// "gzip;q=0.5" is the name "gzip" with a weight; 0 means never.
struct weighted {
    std::string_view name;
    double weight;
};
weighted read_item(std::string_view item) {
    const auto semicolon = item.find(';');
    std::string parameter(semicolon == std::string_view::npos ? std::string_view{}
                                                              : item.substr(semicolon + 1));
    boost::trim(parameter);
    double weight = 1;
    if (parameter.size() > 2 && iequals(parameter.substr(0, 2), "q="))
        weight = std::strtod(parameter.c_str() + 2, nullptr);
    std::string_view name = item.substr(0, semicolon);
    while (!name.empty() && (name.front() == ' ' || name.front() == '\t'))
        name.remove_prefix(1);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t'))
        name.remove_suffix(1);
    return {name, weight};
}

}  // namespace

std::string_view to_string(coding value) {
    switch (value) {
        case coding::identity:
            return "identity";
        case coding::gzip:
            return "gzip";
        case coding::deflate:
            return "deflate";
    }
    return "";
}

coding parse_coding(std::string_view content_encoding) {
    if (iequals(content_encoding, "gzip") || iequals(content_encoding, "x-gzip")) return coding::gzip;
    if (iequals(content_encoding, "deflate")) return coding::deflate;
    return coding::identity;
}

coding choose_coding(std::string_view accept_encoding) {
    double gzip = -1, deflate = -1, any = 0;
    while (!accept_encoding.empty()) {
        const auto end = std::min(accept_encoding.find(','), accept_encoding.size());
        const auto item = read_item(accept_encoding.substr(0, end));
        if (parse_coding(item.name) == coding::gzip) gzip = item.weight;
        if (parse_coding(item.name) == coding::deflate) deflate = item.weight;
        if (item.name == "*") any = item.weight;
        accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    }
    if (gzip < 0) gzip = any;
    if (gzip > 0 && gzip >= deflate) return coding::gzip;
    return deflate > 0 ? coding::deflate : coding::identity;
}

std::string compress(std::string_view body, coding how) {
    auto stream = stream_over(body);
    // The fastest level: an answer in milliseconds is worth more than its last bytes.
    ::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits(how), 8, Z_DEFAULT_STRATEGY);
    std::string out(::deflateBound(&stream, stream.avail_in), '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

result<std::string> decompress(std::string_view body, coding how, std::size_t limit) {
    auto stream = stream_over(body);
    ::inflateInit2(&stream, window_bits(how));
    std::string out;
    int status = Z_OK;
    while (status == Z_OK && out.size() <= limit) {
        const auto used = out.size();
        out.resize(used + std::clamp<std::size_t>(used, 16 * 1024, 1 << 20));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream.avail_out = static_cast<uInt>(out.size() - used);
        status = ::inflate(&stream, Z_NO_FLUSH);
        out.resize(stream.total_out);
    }
    ::inflateEnd(&stream);
    if (out.size() > limit) return fail(errc::too_large, "the request body is too large");
    if (status != Z_STREAM_END || stream.avail_in > 0)
        return fail(errc::invalid_argument,
                    "the request body is not a valid " + std::string(to_string(how)) + " stream");
    return out;
}

}  // namespace sparkgate::http
