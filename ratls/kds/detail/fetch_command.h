/// A command of the user's that fetches in this program's place, e.g. curl.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/kds/detail/patience.h>

namespace ratls::kds {

/// Splits a line into arguments: at blanks, with '...' and "..." around what holds blanks, and a
/// backslash before a character that would mean something. Nothing is expanded: no variable, no
/// pattern, no shell. Errors: invalid_config (nothing in it, or a quote without its end).
Result<std::vector<std::string>> split_command(std::string_view line);

/// The arguments with {url} replaced wherever it stands; where it stands nowhere, the URL is added
/// as the last one.
std::vector<std::string> with_url(std::vector<std::string> arguments, const std::string& url);

/// Runs a program, found as execvp(3) does, and returns its standard output, which must not pass
/// `limit` bytes. Standard input is empty, standard error is this process's. The program runs in a
/// process group of its own, which is killed at the deadline and at any error.
/// Errors: fetch_command_failed (not found, ended with another status than 0), malformed_http (too
/// much output), kds_timeout, connection_closed (called off).
Result<Bytes> run_fetch_command(const std::vector<std::string>& arguments, std::size_t limit,
                                const Patience& patience);

}  // namespace ratls::kds
