import Ownership
import Primitives
import Web

/// What became of a push.
enum PushOutcome: Sendable, Equatable {
    case stored
    /// Loki does not want some lines or all, and will not want them later; it has stored the others.
    case refused(Refusal)
    /// Too much at once.
    case tooLarge
    /// Not now. `seconds` is when to come again, where Loki has said so.
    case later(Obstacle, seconds: Double?)

    struct Refusal: Sendable, Equatable {
        /// A word for metrics.
        var reason: String
        /// Of the push, as far as Loki tells; nil for all of it perhaps.
        var lines: Int?
        /// What Loki says, one line.
        var words: String
    }

    /// Why nothing is stored now, with words for a person.
    struct Obstacle: Sendable, Equatable {
        enum Kind: String, Sendable, CaseIterable {
            /// 429.
            case limited
            /// 5xx.
            case failing
            case timeout
            /// No connection.
            case unreachable
            /// The certificate is not accepted, or ours is not.
            case tls
            /// 401, 403.
            case unauthorized
            /// 404, a redirect, or another status that Loki does not have here.
            case strange
            /// An answer that means that ingestion is switched off: 200 and 260.
            case blocked

            /// It will not go away by itself, so a person is told at once, and Loki is not asked often.
            var wantsPerson: Bool { [.tls, .unauthorized, .strange, .blocked].contains(self) }
        }

        var kind: Kind
        var words: String
    }

    /// The name in metrics.
    var word: String {
        switch self {
        case .stored: "stored"
        case .refused: "refused"
        case .tooLarge: "too_large"
        case .later(let obstacle, _): obstacle.kind.rawValue
        }
    }

    static let words = ["stored", "refused", "too_large"] + Obstacle.Kind.allCases.map(\.rawValue)
}

extension PushOutcome {
    /// - Parameter now: in unix seconds, for a time that Loki names.
    init(_ response: HTTPResponse, now: Double) {
        let said = Self.oneLine(response.body)
        func later(_ kind: Obstacle.Kind, _ words: String = "") -> PushOutcome {
            let told = "status \(response.status)\(words)" + (said.isEmpty ? "" : ": \(said)")
            return .later(Obstacle(kind: kind, words: told), seconds: Self.pause(response.headers["Retry-After"], now: now))
        }
        switch response.status {
        case 204: self = .stored
        case 200..<300: self = later(.blocked, ", which is no word that anything is stored; ingestion may be switched off")
        case 413: self = .tooLarge
        // 415 is a sender's mistake too, but all lines would share its fate.
        case 400, 422: self = .refused(Refusal(response.body, words: said))
        case 401, 403: self = later(.unauthorized)
        case 408: self = later(.timeout)
        case 429: self = later(.limited)
        case 500...: self = later(.failing)
        default: self = later(.strange, response.status == 404 ? "; is logs.loki.url that of a Loki?" : "")
        }
    }

    init(_ error: HTTPClientError) {
        let kind: Obstacle.Kind =
            switch error.kind {
            case .timeout: .timeout
            case .tls: .tls
            case .closed, .resolve, .connect, .protocolViolation, .tooLarge, .url, .cancelled: .unreachable
            }
        self = .later(Obstacle(kind: kind, words: error.message), seconds: nil)
    }

    /// Seconds, or a date as HTTP writes it.
    static func pause(_ text: String?, now: Double) -> Double? {
        guard let text, text.utf8.count <= 64 else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.count == 1 { return words[0].utf8.decimalNumber.map { Double($0) } }
        return HTTPDate.unixSeconds(text).map { max(0, $0 - now) }
    }

    static func oneLine(_ body: [UInt8]) -> String {
        // Whoever answers in Loki's place may say anything, and it is shown in logs and pages.
        let text = shortLine(String(decoding: body.prefix(400), as: UTF8.self), limit: 400)
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension PushOutcome.Refusal {
    /// Loki's sentences, by what stands in them, and their names in Loki's own metrics.
    private static let reasons: [(words: String, reason: String)] = [
        ("too far behind", "too_far_behind"), ("out of order", "out_of_order"), ("timestamp too old", "greater_than_max_sample_age"),
        ("timestamp too new", "too_far_in_future"), ("max entry size", "line_too_long"),
        ("structured metadata", "structured_metadata"), ("label names; limit", "max_label_names_per_series"),
        ("label name too long", "label_name_too_long"), ("label value too long", "label_value_too_long"),
        ("duplicate label", "duplicate_label_names"), ("at least one label", "missing_labels"), ("parsing labels", "invalid_labels"),
        ("maximum active stream", "stream_limit"),
    ]

    static let reasonWords = reasons.map(\.reason) + ["other"]

    init(_ body: [UInt8], words: String) {
        let text = String(decoding: body.prefix(64 << 10), as: UTF8.self)
        reason = Self.reasons.first { text.contains($0.words) }?.reason ?? "other"
        lines = Self.ignored(text)
        self.words = words
    }

    /// The sum of all `total ignored: 3 out of 40`, of each stream one.
    private static func ignored(_ text: String) -> Int? {
        var sum: Int?
        for part in text.split(separator: "total ignored: ").dropFirst() {
            let words = part.split(separator: " ", maxSplits: 4)
            guard words.count >= 4, words[1] == "out", words[2] == "of", let count = words[0].utf8.decimalNumber else { continue }
            sum = min(1 << 40, (sum ?? 0) + min(count, 1 << 40))
        }
        return sum
    }
}
