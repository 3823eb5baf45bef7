/* Around pthread_once(), by valgrind's function wrapping, in whatever library calls it: who returns
 * from it comes after the one who initialised. glibc's fast path is an atomic load, which helgrind
 * does not take for that. ratls_test() adds this file where RATLS_HELGRIND is on. */
#include <pthread.h>
#include <valgrind/helgrind.h>
#include <valgrind/valgrind.h>

struct call {
  pthread_once_t* once;
  void (*initialise)(void);
};

static _Thread_local struct call pending;

/* The copy: what initialises may call pthread_once() itself. */
static void initialise_and_say(void) {
  const struct call now = pending;
  now.initialise();
  ANNOTATE_HAPPENS_BEFORE(now.once);
}

int I_WRAP_SONAME_FNNAME_ZU(libcZdsoZa, pthread_once)(pthread_once_t* once,
                                                      void (*initialise)(void));
int I_WRAP_SONAME_FNNAME_ZU(libcZdsoZa, pthread_once)(pthread_once_t* once,
                                                      void (*initialise)(void)) {
  OrigFn original;
  int result = 0;
  VALGRIND_GET_ORIG_FN(original);
  pending.once = once;
  pending.initialise = initialise;
  CALL_FN_W_WW(result, original, once, initialise_and_say);
  ANNOTATE_HAPPENS_AFTER(once);
  return result;
}
