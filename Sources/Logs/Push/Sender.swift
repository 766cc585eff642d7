import Primitives

/// Takes batches from the queue and pushes one after the other, each until Loki has stored it or refuses it for good; then its place goes to disk.
///
/// One at a time: so the lines of a stream stay in order, and what a crash makes Loki get twice is one batch.
struct Sender: Sendable {
    let queue: LogQueue
    let push: @Sendable (ArraySlice<LogEntry>) async -> PushOutcome
    /// Writes places to disk.
    let save: @Sendable ([SourcePlace]) async throws(Failure) -> Void
    let halt: Halt
    let tally: LogsTally
    let logger: Logger
    let batchBytes: Int
    let batchSeconds: Double
    var clock = WallClock.system

    /// Until the halt is raised, or the queue closed.
    func run() async {
        var state = State()
        while !halt.isRaised {
            let batch = await queue.take(upTo: batchBytes, waitingSeconds: batchSeconds)
            guard !batch.isEmpty else { return }
            tally.note(sending: batch.map(\.time).min())
            await deliver(batch[...], &state)
            tally.note(sending: nil)
        }
    }

    private struct State {
        var backOff = BackOff()
        var complaints = Complaints()
    }

    /// Ends early only when the halt is raised: then the places stay as they are, and the lines are read again.
    private func deliver(_ batch: ArraySlice<LogEntry>, _ state: inout State) async {
        // Of a batch that was split, the later halves.
        var parts = [batch]
        while let part = parts.last, !halt.isRaised {
            let outcome = await push(part)
            tally.note(outcome)
            switch outcome {
            case .stored:
                state.backOff.succeed()
                state.complaints.end(logger)
                tally.note(stored: part.count, bytes: part.reduce(0) { $0 + $1.line.count }, at: clock.unixSeconds)
                parts.removeLast()
                await commit(part, &state)
            case .refused(let refusal):
                state.backOff.succeed()
                state.complaints.end(logger)
                let dropped = min(part.count, refusal.lines ?? part.count)
                tally.note(dropped: dropped, for: refusal.reason)
                // Which of them are stored Loki does not say, so their bytes are not known.
                if dropped < part.count { tally.note(stored: part.count - dropped, bytes: 0, at: clock.unixSeconds) }
                if dropped == part.count { tally.note(refusedWhole: refusal.reason) }
                complain(of: refusal, dropped, &state)
                parts.removeLast()
                await commit(part, &state)
            case .tooLarge where part.count > 1:
                parts.removeLast()
                let middle = part.startIndex + part.count / 2
                parts += [part[middle...], part[..<middle]]
            case .tooLarge:
                tally.note(dropped: 1, for: Self.tooLarge)
                state.complaints.say("refused", clock.unixSeconds) {
                    logger.error("a line was dropped: Loki takes no body as large as it is alone", ["bytes": part.first?.line.count ?? 0])
                }
                parts.removeLast()
                await commit(part, &state)
            case .later(let obstacle, let seconds):
                let pause = state.backOff.pause(obstacle.kind, told: seconds)
                tally.note(obstacle: obstacle.words)
                complain(of: obstacle, pause, &state)
                guard await halt.sleep(seconds: pause) else { return }
            }
        }
    }

    static let tooLarge = "too_large"

    /// What a full disk keeps from being written costs no more than that lines are sent again after the next start.
    private func commit(_ part: ArraySlice<LogEntry>, _ state: inout State) async {
        var last: [String: SourcePlace] = [:]
        for entry in part {
            if case .container(let id, _) = entry.place { last[id] = entry.place } else { last[""] = entry.place }
        }
        do throws(Failure) {
            try await save(Array(last.values))
            tally.note(stateProblem: nil)
        } catch {
            tally.note(stateProblem: error.message)
            state.complaints.say("state", clock.unixSeconds) {
                logger.error("what Loki has stored cannot be remembered; after the next start it is sent again", ["reason": error.message])
            }
        }
    }

    private func complain(of refusal: PushOutcome.Refusal, _ lines: Int, _ state: inout State) {
        state.complaints.say("refused", clock.unixSeconds) {
            logger.error(
                "Loki refuses lines, which are dropped", ["reason": refusal.reason, "lines_at_most": lines, "loki": refusal.words])
        }
    }

    private func complain(of obstacle: PushOutcome.Obstacle, _ pause: Double, _ state: inout State) {
        state.complaints.begin(obstacle.kind, clock.unixSeconds) {
            let fields: Logger.Fields = ["reason": obstacle.words, "again_in_seconds": (pause * 10).rounded() / 10]
            if obstacle.kind.wantsPerson {
                logger.error("Loki does not store what is sent; lines wait where they are", fields)
            } else {
                logger.warn("Loki stores nothing at the moment; lines wait where they are", fields)
            }
        }
    }
}
