// valgrind executes ADCX and ADOX, but tells programs that the processor has none: here AWS-LC is
// told otherwise, so that the arithmetic which most servers run is watched too.
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>

#include <cstdint>

#include <ratls/core/detail/self_test.h>

// What AWS-LC has seen of the processor; the third word is EBX of CPUID leaf 7.
extern "C" std::uint32_t ratls_awslc_OPENSSL_ia32cap_P[4];

using namespace ratls;

namespace {

constexpr std::uint32_t kBmi2 = 1U << 8U;
constexpr std::uint32_t kAdx = 1U << 19U;

class WithAdx : public Catch::EventListenerBase {
 public:
  using Catch::EventListenerBase::EventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override {
    // The self-test first: memcheck takes RSA's multiplication with ADX, of public numbers, for one
    // of undefined ones.
    static_cast<void>(provider::usable());
    ratls_awslc_OPENSSL_ia32cap_P[2] |= kBmi2 | kAdx;
  }
};

}  // namespace

CATCH_REGISTER_LISTENER(WithAdx)
