import Primitives
import Synchronization

/// Writes problems to the log when they begin, change and end, not at every scrape.
final class ProblemJournal: Sendable {
    private struct Key: Hashable {
        let collector: String
        let part: String
    }

    private let logger: Logger
    private let known = Mutex<[Key: [String]]>([:])

    init(_ logger: Logger) { self.logger = logger }

    func note(_ shares: [ScrapeResult.Share]) {
        for share in shares {
            var current: [Key: [PartProblem]] = [:]
            for problem in share.problems { current[Key(collector: share.collector, part: problem.part), default: []].append(problem) }
            let (began, ended) = known.withLock { known in
                var began: [(Key, PartProblem)] = []
                for (key, problems) in current {
                    let news = Self.news(problems)
                    if known[key] != news { began += problems.map { (key, $0) } }
                    known[key] = news
                }
                let ended = known.keys.filter { $0.collector == share.collector && current[$0] == nil }
                for key in ended { known[key] = nil }
                return (began, ended)
            }
            for (key, problem) in began.sorted(by: { $0.0.part < $1.0.part }) {
                logger.warn(
                    "scrape incomplete",
                    ["collector": key.collector, "part": key.part, "reason": problem.reason.rawValue, "detail": problem.message])
            }
            for key in ended.sorted(by: { $0.part < $1.part }) {
                logger.info("scrape complete again", ["collector": key.collector, "part": key.part])
            }
        }
    }

    /// What must differ from the last scrape to be worth a line. Order does not count, since it is that of the answers, nor do numbers:
    /// messages tell of milliseconds and bytes.
    private static func news(_ problems: [PartProblem]) -> [String] {
        problems.map { problem in
            let words = problem.message.split { $0.isNumber }
            return problem.reason.rawValue + " " + words.joined(separator: "0")
        }.sorted()
    }
}
