/// The files of docs/vectors.
#pragma once

#include <map>
#include <string>

#include "scene.h"

namespace ratls::vectors {

/// Each file's content by its name, e.g. "claims.json".
std::map<std::string, std::string> all_files(const Recording& recorded);

std::string claims_file(const Recording& recorded);
std::string tree_file();
std::string binders_file(const Recording& recorded);
std::string evidence_file(const Recording& recorded);
std::string frames_file(const Recording& recorded);

}  // namespace ratls::vectors
