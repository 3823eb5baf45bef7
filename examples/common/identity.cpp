#include "identity.h"

#include <sys/stat.h>

namespace ratls::examples {

Result<std::shared_ptr<const CertificateIdentity>> open_identity(const std::string& path) {
  struct stat about {};
  const bool exists = ::lstat(path.c_str(), &about) == 0;
  RATLS_TRY(auto identity,
            exists ? CertificateIdentity::load(path) : CertificateIdentity::create(path));
  return std::make_shared<const CertificateIdentity>(std::move(identity));
}

}  // namespace ratls::examples
