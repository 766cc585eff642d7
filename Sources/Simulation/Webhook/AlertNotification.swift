import JSON
import Primitives

/// One alert of a message that Alertmanager sent to its webhook.
struct AlertNotification: Sendable, Equatable {
    /// A label or an annotation.
    struct Pair: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// `firing` or `resolved`.
    let status: String
    /// In the order in which they came.
    let labels: [Pair]
    let annotations: [Pair]
    /// RFC 3339, as it came.
    let startsAt: String
    let endsAt: String
    /// Unix time.
    let receivedAt: Double

    /// `FIRING HostDown cluster=lab node=pve4`, always one line whatever the labels hold.
    var line: String {
        let name = labels.first { $0.name == "alertname" }?.value ?? "(no alertname)"
        let others = labels.filter { $0.name != "alertname" }.map { "\(HostileText.word($0.name))=\(HostileText.word($0.value))" }
        return ([HostileText.word(status.uppercased()), HostileText.word(name)] + others).joined(separator: " ")
    }

    /// As an element of the list of notifications.
    func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("status", status)
            Self.write("labels", labels, into: &json)
            Self.write("annotations", annotations, into: &json)
            json.member("startsAt", startsAt)
            json.member("endsAt", endsAt)
            json.member("receivedAt", timestampText(receivedAt))
        }
    }

    private static func write(_ name: StaticString, _ pairs: [Pair], into json: inout JSONWriter) {
        json.key(name)
        json.object { json in
            for pair in pairs {
                json.key(text: pair.name)
                json.string(pair.value)
            }
        }
    }

    /// Reads a message of version 4. Errors say what it lacks.
    static func read(_ body: [UInt8], receivedAt: Double) throws(Failure) -> [AlertNotification] {
        let result: Result<[AlertNotification], Failure> = try JSONDocument(parsing: body).withRoot { root in
            guard let version = root["version"]?.text else { return .failure(Failure(.malformed, "the message has no version")) }
            guard version == "4" else {
                return .failure(Failure(.malformed, "the message has version \(HostileText.word(version, limit: 20)), expected 4"))
            }
            guard let list = root["alerts"], list.isArray else { return .failure(Failure(.malformed, "the message has no list of alerts")) }
            var alerts: [AlertNotification] = []
            var problem: Failure?
            list.forEachElement { element in
                guard let status = element["status"]?.text, status == "firing" || status == "resolved", let labels = element["labels"],
                    labels.isObject
                else {
                    problem = Failure(.malformed, "alert \(alerts.count + 1) lacks a status of firing or resolved, or labels")
                    return
                }
                alerts.append(
                    AlertNotification(
                        status: status, labels: pairs(labels), annotations: element["annotations"].map(pairs) ?? [],
                        startsAt: element["startsAt"]?.text ?? "", endsAt: element["endsAt"]?.text ?? "", receivedAt: receivedAt))
            }
            return problem.map { .failure($0) } ?? .success(alerts)
        }
        return try result.get()
    }

    private static func pairs(_ value: JSONValue) -> [Pair] {
        var pairs: [Pair] = []
        value.forEachMember { key, value in pairs.append(Pair(name: key.text, value: value.text ?? "")) }
        return pairs
    }
}
