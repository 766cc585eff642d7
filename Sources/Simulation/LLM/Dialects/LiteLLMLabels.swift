/// Labels of the LiteLLM proxy's families. They tell names, keys and addresses of people, which nobody should keep.
struct LiteLLMLabels {
    /// Who asks, and how much of everything is theirs.
    struct Caller: Sendable {
        let user: String
        let team: String
        let key: String
        let address: String
        let part: Double

        static let all = [
            Caller(user: "ci@lab.example", team: "build", key: "a3f1", address: "192.0.2.11", part: 0.5),
            Caller(user: "chat@lab.example", team: "portal", key: "77c0", address: "192.0.2.12", part: 0.3),
            Caller(user: "None", team: "None", key: "0d4e", address: "192.0.2.13", part: 0.2),
        ]
    }

    /// Of a key, and of all that is known of who asks.
    static let keys = ["hashed_api_key", "api_key_alias", "team", "team_alias"]
    static let people = keys + ["end_user", "user"]
    /// Of who answers.
    static let deployment = ["litellm_model_name", "model_id", "api_base", "api_provider"]

    private let values: [String: String]

    init(_ deployment: LiteLLMDialect.Deployment, _ caller: Caller) {
        values = [
            "end_user": "None", "user": caller.user, "user_email": caller.user, "team": caller.team, "team_alias": caller.team,
            "hashed_api_key": String(repeating: caller.key, count: 16), "api_key_alias": "key-\(caller.team)",
            "client_ip": caller.address, "user_agent": "OpenAI/Python 2.11.0", "route": "/v1/chat/completions", "status_code": "200",
            "exception_status": "500", "exception_class": "InternalServerError", "service_tier": "None",
            "model": deployment.model.name, "requested_model": deployment.model.name, "model_group": deployment.model.name,
            "litellm_model_name": "\(deployment.provider)/\(deployment.model.name)", "model_id": deployment.id,
            "api_base": deployment.base, "api_provider": deployment.provider,
        ]
    }

    /// - Parameter other: in place of the usual values.
    func named(_ names: [String], _ other: [String: String] = [:]) -> NativeExposition.Labels {
        names.map { ($0, other[$0] ?? values[$0] ?? "None") }
    }
}
