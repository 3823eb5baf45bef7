/// What a process that holds secrets does first.
#pragma once

#include <string>

#include <sys/types.h>

namespace ratls::agent {

/// guard_process_memory(), and no end by SIGPIPE. Before the first secret.
void close_the_house();

/// The user that a name means; -1 where it is empty or unknown.
uid_t user_called(const std::string& name);

}  // namespace ratls::agent
