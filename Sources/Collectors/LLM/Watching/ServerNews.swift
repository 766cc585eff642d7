import Ownership
import Primitives

/// Something of a server that has begun, or is over, for the log.
struct ServerNews: Sendable, Equatable {
    let server: String
    let message: String
    /// What it is called in metrics: an outcome, or a concern.
    let word: String
    /// nil for what is over.
    let detail: String?

    /// What the log says of a server.
    struct Said: Sendable, Equatable {
        fileprivate var outcome: PollOutcome?
        fileprivate var concerns: Set<Concern> = []

        init() {}

        init(_ entry: ServerBook.Entry) {
            outcome = entry.problem?.outcome
            concerns = Set(entry.picture?.concerns.keys.map { $0 } ?? [])
        }
    }

    static func between(_ before: Said, _ now: Said, _ entry: ServerBook.Entry) -> [ServerNews] {
        func news(_ message: String, _ word: String, _ detail: String?) -> ServerNews {
            ServerNews(server: entry.target.name, message: message, word: word, detail: detail)
        }
        var all: [ServerNews] = []
        if before.outcome != now.outcome {
            if let problem = entry.problem {
                let message = entry.isUp == true ? "the LLM server does not answer everything" : "the LLM server does not answer"
                all.append(news(message, problem.outcome.rawValue, problem.message))
            } else {
                all.append(news("the LLM server answers again", PollOutcome.ok.rawValue, nil))
            }
        }
        for concern in Concern.allCases where now.concerns.contains(concern) && !before.concerns.contains(concern) {
            all.append(news("the LLM server tells less than it could", concern.rawValue, entry.picture?.concerns[concern]))
        }
        return all
    }

    func write(to logger: Logger) {
        if let detail {
            // A server's own words may be among them.
            logger.warn(message, ["server": server, "reason": word, "detail": shortLine(detail, limit: 200)])
        } else {
            logger.info(message, ["server": server])
        }
    }
}
