#include <ratls/verify/snp/bulletins.h>

namespace ratls::snp {

namespace {

constexpr Bulletin kBulletins[] = {
#define RATLS_BULLETIN(id, cve, subject, note) {id, cve, subject, note},
#define RATLS_BULLETIN_FLOOR(...)
#include <ratls/verify/snp/bulletins.def>
#undef RATLS_BULLETIN
#undef RATLS_BULLETIN_FLOOR
};

constexpr BulletinFloor kFloors[] = {
#define RATLS_BULLETIN(...)
#define RATLS_BULLETIN_FLOOR(id, product, component, level, level_x, source) \
  {id, Product::product, #component, level, level_x, source},
#include <ratls/verify/snp/bulletins.def>
#undef RATLS_BULLETIN
#undef RATLS_BULLETIN_FLOOR
};

}  // namespace

std::span<const Bulletin> bulletins() noexcept {
  return kBulletins;
}

std::span<const BulletinFloor> bulletin_floors() noexcept {
  return kFloors;
}

}  // namespace ratls::snp
