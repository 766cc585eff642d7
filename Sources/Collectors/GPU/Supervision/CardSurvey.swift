package import Primitives

/// One look at the cards of this machine, for whoever wants to know whether they can be read.
package struct CardSurvey: Sendable, Equatable {
    package enum Library: Sendable, Equatable {
        /// There is none.
        case absent
        /// It, or the driver behind it, does not work: the name of NVML's code, and a line for a person.
        case failed(code: String, reason: String)
        /// Nothing was heard of it in time.
        case silent
        case works(driver: String, cuda: String)
    }

    package struct Card: Sendable, Equatable {
        package let index: Int
        package let name: String
        /// As `llm_monitor_gpu_state` has it.
        package let state: String

        package init(index: Int, name: String, state: String) {
            self.index = index
            self.name = name
            self.state = state
        }
    }

    package var library: Library
    /// How many cards the library has counted, with those that do not answer.
    package var count = 0
    package var cards: [Card] = []
    /// Calls that the driver refuses to this user, by name.
    package var refused: [String] = []

    package init(library: Library) { self.library = library }

    /// A card that hangs is not waited for.
    private static let patienceSeconds = 6.0
    private static let pauseMilliseconds = 50
    /// What is counted of calls comes behind the samples.
    private static let countSeconds = 1.5

    /// Starts the helper as a collector does, and ends it when it has said of each card how it is.
    package static func run(_ settings: GPUSettings, by deadline: Deadline) async -> CardSurvey {
        var settings = settings
        settings.intervalSeconds = 1
        let supervisor = ReaderSupervisor(GPUCollector.options(settings))
        supervisor.hold(.silent)
        defer { supervisor.release() }
        let end = min(deadline, .after(seconds: patienceSeconds))
        while !end.hasPassed, !isComplete(supervisor.book.view) { try? await Task.sleep(for: .milliseconds(pauseMilliseconds)) }
        if supervisor.book.view.reader.isUp { try? await Task.sleep(for: .seconds(min(countSeconds, max(0, deadline.remainingSeconds)))) }
        return CardSurvey(supervisor.book.view)
    }

    private static func isComplete(_ view: CardBook.View) -> Bool {
        guard let code = view.reader.code else { return false }
        return code != .success || view.cards.count >= view.reader.hello?.cards.count ?? 0
    }

    init(_ view: CardBook.View, now: ContinuousClock.Instant = .now) {
        switch view.reader.code {
        case .success?:
            library = .works(driver: view.reader.hello?.driverVersion ?? "", cuda: view.reader.hello?.cudaVersion ?? "")
        case .libraryNotFound?: library = .absent
        case let code?: library = .failed(code: "\(code)", reason: view.reader.reason.isEmpty ? "\(code)" : view.reader.reason)
        case nil: library = .silent
        }
        count = view.reader.hello?.count ?? 0
        cards = view.cards.map { card in
            Card(
                index: card.identity.index, name: card.identity.name,
                state: card.state(view.reader, now: now, maximumAgeSeconds: Self.patienceSeconds * 2).rawValue)
        }
        refused = Set(view.reader.calls.keys.filter { ReturnCode($0.code).meaning == .forbidden }.map(\.call)).sorted()
    }
}
