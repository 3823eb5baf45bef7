/// The first table of docs/state-machine.md, for tests that hold sessions against it.
#pragma once

#include <set>
#include <utility>

#include <ratls/session.h>

namespace ratls::test {

/// Which state may follow which.
using Edges = std::set<std::pair<Session::State, Session::State>>;

/// The rows of the table. Fails the test where the document cannot be read.
Edges documented_edges();
/// Those rows that begin with "framed:" too.
Edges documented_framed_edges();

/// May one call lead from one state to another, through any number of rows?
bool reachable(const Edges& edges, Session::State from, Session::State to);

}  // namespace ratls::test
