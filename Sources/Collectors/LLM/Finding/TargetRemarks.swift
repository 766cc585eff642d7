import Primitives

/// Says in the log which containers are not shown as they want to be: each once, and not more often than containers can be made anew.
struct TargetRemarks {
    private var said: Set<TargetChoice.Remark> = []
    private var saidAt: ContinuousClock.Instant?

    private static let pauseSeconds = 60.0
    private static let linesAtOnce = 5
    private static let limit = 1_000

    /// What is to be said now.
    mutating func news(_ remarks: [TargetChoice.Remark], now: ContinuousClock.Instant) -> [TargetChoice.Remark] {
        said.formIntersection(remarks)
        guard saidAt.map({ (now - $0).seconds >= Self.pauseSeconds }) ?? true else { return [] }
        let new = Array(remarks.filter { !said.contains($0) }.prefix(Self.linesAtOnce))
        guard !new.isEmpty, said.count < Self.limit else { return [] }
        said.formUnion(new)
        saidAt = now
        return new
    }

    mutating func write(_ remarks: [TargetChoice.Remark], to logger: Logger) {
        for remark in news(remarks, now: .now) {
            logger.warn(
                "a container is not shown as the LLM server that it wants to be", ["container": remark.container, "detail": remark.message])
        }
    }
}
