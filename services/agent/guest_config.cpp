#include <ratls/services/agent/guest_config.h>

#include <algorithm>

#include <ratls/services/agent/environment.h>
#include <ratls/verify/json_fields.h>

namespace ratls::agent {

namespace {

using strict_json::JsonFields;
using strict_json::JsonFile;
using strict_json::JsonValue;
using Kind = JsonValue::Kind;

// An error of what a text means, at the place of the text.
template <class T>
Result<T> placed(const JsonFile& file, const JsonValue& at, Result<T> got) {
  if (got) return got;
  return file.wrong(at, got.error().detail());
}

Result<std::string> optional_text(const JsonFile& file, const JsonFields& fields,
                                  std::string_view key) {
  const JsonValue* found = fields.find(key);
  if (found == nullptr || found->kind == Kind::null) return std::string();
  return file.text(*found, key);
}

Result<Address> address_at(const JsonFile& file, const JsonValue& value, std::string_view what) {
  RATLS_TRY(const std::string text, file.text(value, what));
  return placed(file, value, Address::parse(text));
}

Result<AcceptSpec> read_accept(const JsonFile& file, const JsonFields& fields,
                               const JsonValue& at) {
  AcceptSpec out;
  RATLS_TRY(out.policy, optional_text(file, fields, "attested_by"));
  RATLS_TRY(out.pin, optional_text(file, fields, "pin"));
  RATLS_TRY(out.ca, optional_text(file, fields, "ca"));
  RATLS_TRY(out.server_name, optional_text(file, fields, "server_name"));
  if (const JsonValue* key_bound = fields.find("dangerously_accept_key_bound")) {
    RATLS_TRY(out.key_bound, file.boolean(*key_bound, "dangerously_accept_key_bound"));
    if (out.key_bound && out.policy.empty()) {
      return file.wrong(*key_bound, "dangerously_accept_key_bound belongs to attested_by");
    }
  }
  const int said =
      (out.policy.empty() ? 0 : 1) + (out.pin.empty() ? 0 : 1) + (out.ca.empty() ? 0 : 1);
  if (said != 1) {
    return file.wrong(at, "say exactly one of attested_by, pin and ca: whom is this to accept?");
  }
  if (out.ca.empty() != out.server_name.empty()) {
    return file.wrong(at, "ca and server_name belong together");
  }
  return out;
}

Result<BrokerSpec> read_broker(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "broker", {},
                             {"attested_by", "dangerously_accept_key_bound", "pin", "ca",
                              "server_name", "address", "address_from"}));
  BrokerSpec out;
  RATLS_TRY(out.accept, read_accept(file, fields, value));
  RATLS_TRY(out.address_from, optional_text(file, fields, "address_from"));
  if (const JsonValue* address = fields.find("address")) {
    RATLS_TRY(out.address, address_at(file, *address, "address"));
  }
  if (out.address.has_value() == !out.address_from.empty()) {
    return file.wrong(value, "say exactly one of address and address_from");
  }
  return out;
}

Result<GiveTo> read_give_to(const JsonFile& file, const JsonFields& fields) {
  const JsonValue* found = fields.find("give_to");
  if (found == nullptr) return GiveTo::egress;
  RATLS_TRY(const std::string text, file.text(*found, "give_to"));
  if (text == "egress") return GiveTo::egress;
  if (text == "env") return GiveTo::env;
  if (text == "file") return GiveTo::file;
  if (text == "credential") return GiveTo::credential;
  return file.wrong(*found, "give_to is egress, env, file or credential");
}

Result<SecretSpec> read_secret(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "a secret", {"uri", "as"}, {"give_to"}));
  SecretSpec out;
  RATLS_TRY(const std::string uri, file.text(fields.at("uri"), "uri"));
  RATLS_TRY(out.resource, placed(file, fields.at("uri"), Resource::parse_uri(uri)));
  RATLS_TRY(out.as, file.text(fields.at("as"), "as"));
  RATLS_CHECK(placed(file, fields.at("as"), check_variable_name(out.as)));
  RATLS_TRY(out.give_to, read_give_to(file, fields));
  return out;
}

// "Bearer ${LLM_API_KEY}": the name stands last.
Result<InjectSpec> read_inject(const JsonFile& file, const JsonValue::Member& member) {
  RATLS_TRY(const std::string text, file.text(member.value, member.key));
  const std::size_t open = text.find("${");
  const bool shape = open != std::string::npos && text.ends_with('}') &&
                     text.find_first_of("\r\n") == std::string::npos;
  if (!shape || member.key.empty()) {
    return file.wrong(member.value, "an injected header is written \"Bearer ${NAME}\"");
  }
  return InjectSpec{member.key, text.substr(0, open),
                    text.substr(open + 2, text.size() - open - 3)};
}

Result<void> check_unattested(const JsonFile& file, const JsonFields& fields,
                              const JsonValue& value, const AcceptSpec& accept) {
  const JsonValue* said = fields.find("unattested");
  if (!accept.policy.empty()) {
    if (said == nullptr) return {};
    return file.wrong(*said, "an upstream that is attested_by a policy is not unattested");
  }
  if (said != nullptr && said->kind == Kind::text && said->text == "accepted") return {};
  return file.wrong(value,
                    "nothing attests this upstream: it will read every prompt and key. Name "
                    "a policy as attested_by, or write \"unattested\": \"accepted\"");
}

Result<UpstreamSpec> read_upstream(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "an upstream", {"prefix", "connect"},
                             {"name", "attested_by", "dangerously_accept_key_bound", "pin", "ca",
                              "server_name", "unattested", "show_evidence", "inject"}));
  UpstreamSpec out;
  RATLS_TRY(out.prefix, file.text(fields.at("prefix"), "prefix"));
  if (!out.prefix.starts_with('/')) {
    return file.wrong(fields.at("prefix"), "a prefix begins with /");
  }
  RATLS_TRY(out.connect, address_at(file, fields.at("connect"), "connect"));
  RATLS_TRY(out.name, optional_text(file, fields, "name"));
  if (out.name.empty()) out.name = out.connect.text();
  RATLS_TRY(out.accept, read_accept(file, fields, value));
  RATLS_CHECK(check_unattested(file, fields, value, out.accept));
  if (const JsonValue* shows = fields.find("show_evidence")) {
    RATLS_TRY(out.show_evidence, file.boolean(*shows, "show_evidence"));
  }
  if (const JsonValue* inject = fields.find("inject")) {
    if (inject->kind != Kind::object) return file.wrong(*inject, "inject is an object");
    for (const auto& member : inject->members) {
      RATLS_TRY(InjectSpec each, read_inject(file, member));
      out.inject.push_back(std::move(each));
    }
  }
  return out;
}

Result<Address> read_tunnel(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "a tunnel", {"host", "port"}));
  RATLS_TRY(const std::string host, file.text(fields.at("host"), "host"));
  RATLS_TRY(const auto port, file.integer(fields.at("port"), "port", 1, 65535));
  return Address{host, static_cast<std::uint16_t>(port)};
}

// Where this machine alone may come in, unless `anywhere`.
Result<io::Endpoint> read_listen(const JsonFile& file, const JsonValue& value, const char* key,
                                 bool anywhere) {
  RATLS_TRY(const std::string text, file.text(value, key));
  RATLS_TRY(io::Endpoint at, placed(file, value, io::Endpoint::parse(text)));
  if (anywhere || at.is_local()) return at;
  return file.wrong(value, std::string(key) + " is on 127.0.0.1, ::1 or unix:PATH only: whoever " +
                               "reaches it speaks with this guest's secrets, or reads about them");
}

Result<EgressSpec> read_egress(const JsonFile& file, const JsonValue& value,
                               const GuestRules& rules) {
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "egress", {"upstreams"},
                                                {"listen", "status", "tunnels"}));
  EgressSpec out;
  if (const JsonValue* listen = fields.find("listen")) {
    RATLS_TRY(out.listen, read_listen(file, *listen, "listen", rules.unsafe_listen));
  }
  if (const JsonValue* status = fields.find("status")) {
    RATLS_TRY(out.status, read_listen(file, *status, "status", false));
  }
  RATLS_TRY(const auto* upstreams, file.list(fields.at("upstreams"), "upstreams", true));
  for (const JsonValue& each : *upstreams) {
    RATLS_TRY(UpstreamSpec upstream, read_upstream(file, each));
    out.upstreams.push_back(std::move(upstream));
  }
  if (const JsonValue* tunnels = fields.find("tunnels")) {
    RATLS_TRY(const auto* list, file.list(*tunnels, "tunnels", true));
    for (const JsonValue& each : *list) {
      RATLS_TRY(Address tunnel, read_tunnel(file, each));
      out.tunnels.push_back(std::move(tunnel));
    }
  }
  return out;
}

Result<void> read_variables(const JsonFile& file, const JsonValue& value, AgentSpec& out) {
  if (value.kind != Kind::object) return file.wrong(value, "env is an object of strings");
  for (const auto& member : value.members) {
    RATLS_TRY(const std::string text, file.text(member.value, member.key));
    const bool shape = !member.key.empty() && member.key.find('=') == std::string::npos &&
                       text.find('\0') == std::string::npos;
    if (!shape) return file.wrong(member.value, "no variable can be called or hold that");
    out.env[member.key] = text;
  }
  return {};
}

Result<AgentSpec> read_agent(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "agent", {}, {"net", "user", "runtime", "env"}));
  AgentSpec out;
  RATLS_TRY(const std::string net, optional_text(file, fields, "net"));
  if (!net.empty() && net != "isolated" && net != "open") {
    return file.wrong(fields.at("net"), "net is \"isolated\" or \"open\"");
  }
  out.isolated = net != "open";
  RATLS_TRY(out.user, optional_text(file, fields, "user"));
  RATLS_TRY(const std::string runtime, optional_text(file, fields, "runtime"));
  if (!runtime.empty()) out.runtime = runtime;
  if (const JsonValue* env = fields.find("env")) RATLS_CHECK(read_variables(file, *env, out));
  return out;
}

// What one part says of another.
Result<void> check_whole(const JsonFile& file, const JsonValue& root, const GuestConfig& config) {
  const auto named = [&](const std::string& name) {
    return std::find_if(config.secrets.begin(), config.secrets.end(),
                        [&](const SecretSpec& each) { return each.as == name; });
  };
  for (const SecretSpec& each : config.secrets) {
    if (&*named(each.as) != &each) return file.wrong(root, "two secrets are called " + each.as);
  }
  if (!config.egress) return {};
  for (const UpstreamSpec& upstream : config.egress->upstreams) {
    for (const InjectSpec& inject : upstream.inject) {
      const auto found = named(inject.secret);
      if (found == config.secrets.end() || found->give_to != GiveTo::egress) {
        return file.wrong(root, upstream.name + " injects " + inject.secret +
                                    ", which is no secret that is given to the egress");
      }
    }
  }
  return {};
}

}  // namespace

Result<GuestConfig> parse_guest_config(ByteView json, const GuestRules& rules) {
  RATLS_TRY(const JsonValue root, strict_json::parse_json(json, Reason::invalid_config));
  const JsonFile file(json, Reason::invalid_config);
  RATLS_TRY(const auto fields,
            JsonFields::open(file, root, "guest.json", {"broker", "secrets", "agent"},
                             {"$schema", "report_source", "instance", "egress"}));
  GuestConfig out;
  RATLS_TRY(const std::string source, optional_text(file, fields, "report_source"));
  if (!source.empty()) out.report_source = source;
  RATLS_TRY(out.instance, optional_text(file, fields, "instance"));
  RATLS_TRY(out.broker, read_broker(file, fields.at("broker")));
  RATLS_TRY(const auto* secrets, file.list(fields.at("secrets"), "secrets", true));
  for (const JsonValue& each : *secrets) {
    RATLS_TRY(SecretSpec secret, read_secret(file, each));
    out.secrets.push_back(std::move(secret));
  }
  if (const JsonValue* egress = fields.find("egress")) {
    RATLS_TRY(out.egress, read_egress(file, *egress, rules));
  }
  RATLS_TRY(out.agent, read_agent(file, fields.at("agent")));
  RATLS_CHECK(check_whole(file, root, out));
  return out;
}

}  // namespace ratls::agent
