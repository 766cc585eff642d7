import Glibc
import Primitives
import Synchronization

/// The helper process: asks the library, prints lines, and leaves when it must be started anew or when nobody reads them.
///
/// Nothing in it waits for a thread that makes calls, so that a call that hangs takes its own card only. It leaves by `_exit`: the ends of
/// C++ libraries would wait for such threads.
package final class NVMLReader: Sendable {
    /// The command of the program that becomes the helper.
    package static let command = "nvml-reader"

    package struct Options: Sendable {
        /// The library; nil for the driver's own.
        package var library: String?
        /// Between two samples of a card.
        package var intervalSeconds = 5.0

        package init() {}
    }

    private let nvml: any NVML
    private let options: Options
    private let output: LineOutput
    private let ledger = CallLedger()
    private let events = EventReader()
    /// Held by who takes what was counted until it is told.
    private let counting = Mutex(())

    /// A call that takes longer is told.
    private static let slowSeconds = 3.0
    /// How long a card stays lost before all is begun anew, with a library that may find it again.
    private static let lostSeconds = 60.0
    /// How often it is looked for cards that have come or gone.
    private static let countSeconds = 30.0

    private init(_ nvml: any NVML, _ options: Options, _ output: LineOutput) {
        self.nvml = nvml
        self.options = options
        self.output = output
    }

    /// Runs until there is nobody to run for.
    package static func run(_ options: Options) -> Never {
        signal(SIGPIPE, SIG_IGN)
        let output = LineOutput(descriptor: STDOUT_FILENO)
        let library: NVMLLibrary
        do throws(Failure) {
            library = try NVMLLibrary(path: options.library)
        } catch {
            output.write(.hello(ReaderLine.Hello(code: ReturnCode.libraryNotFound.rawValue, reason: error.message)))
            _exit(0)
        }
        NVMLReader(library, options, output).run()
    }

    private func run() -> Never {
        do throws(Failure) {
            // The library may hang in its very first call.
            try Thread.start("nvml-watch") { [self] in watch() }
            try start()
        } catch {
            output.write(.hello(ReaderLine.Hello(code: ReturnCode.unknown.rawValue, reason: error.message)))
            _exit(1)
        }
        while true { pause() }
    }

    /// Says hello and starts a thread for each card and one for events.
    private func start() throws(Failure) {
        let caller = Caller(nvml, ledger: ledger)
        let (hello, cards, fault) = Inventory(caller: caller).read()
        output.write(.hello(hello))
        guard hello.code == 0 else { leave(ReturnCode(hello.code), fault) }
        for (device, identity) in cards {
            try Thread.start("nvml-card-\(identity.index)") { [self] in readCard(device, identity) }
        }
        let devices = Dictionary(cards.map { ($0.device, $0.identity.uuid) }) { first, _ in first }
        try Thread.start("nvml-events") { [self] in
            let stale = events.run(Caller(nvml, ledger: ledger), cards: devices) {
                output.write(.event($0))
            } pause: {
                Self.sleep($0)
            }
            if let stale { leave(stale.code, stale.call) }
        }
        let isComplete = cards.count == hello.count
        try Thread.start("nvml-count") { [self] in watchCount(hello.count, isComplete: isComplete) }
    }

    private func readCard(_ device: UInt, _ identity: CardIdentity) {
        let caller = Caller(nvml, ledger: ledger)
        let reader = CardReader(
            device: device, identity: identity, caller: caller, listensForXIDs: { [events] in events.listens(to: identity.uuid) })
        var due = ContinuousClock.now
        var lostSince: ContinuousClock.Instant?
        while true {
            guard let sample = reader.read() else {
                let stale = caller.verdict.stale
                leave(stale?.code ?? .unknown, stale?.call ?? "")
            }
            output.write(.card(sample))
            lostSince = sample.condition == .ok ? nil : lostSince ?? .now
            if let lostSince, (ContinuousClock.now - lostSince).seconds > Self.lostSeconds { leave(.gpuIsLost, "") }
            due = due.advanced(by: .seconds(options.intervalSeconds))
            // After a call that has taken long no pass is made up for.
            if due < .now { due = .now }
            Self.sleep((due - .now).seconds)
        }
    }

    /// Cards that have come, or come back, are there for a library that is initialised anew.
    private func watchCount(_ count: Int, isComplete: Bool) {
        let caller = Caller(nvml, ledger: ledger)
        let files = Self.driverCards
        var seconds = 0.0
        while true {
            Self.sleep(Self.countSeconds)
            seconds += Self.countSeconds
            caller.beginPass()
            let found = caller.numbers(.count).map { Int($0.x) }
            if let stale = caller.verdict.stale { leave(stale.code, stale.call) }
            if let found, found != count { leave(.success, NVMLCall.count.rawValue) }
            if Self.driverCards != files { leave(.success, Self.driverFolder) }
            if !isComplete, seconds >= Self.lostSeconds { leave(.gpuIsLost, NVMLCall.handle.rawValue) }
        }
    }

    private static let driverFolder = "/proc/driver/nvidia/gpus"
    private static var driverCards: [String]? { Files.names(in: driverFolder, limit: 1000)?.sorted() }

    /// Tells of calls: how many there were, and which do not come back.
    private func watch() {
        var silent = 0
        while true {
            guard output.waitWhileRead(seconds: 1) else { _exit(0) }
            for stuck in ledger.pending(longerThan: Self.slowSeconds).prefix(ReaderLine.cardLimit) { output.write(.stuck(stuck)) }
            counting.withLock { _ in
                let changes = ledger.takeChanges()
                silent = changes.isEmpty ? silent + 1 : 0
                // Without cards there is little to say, and who says nothing is taken to hang.
                if silent % 4 == 0 { output.write(.calls(changes)) }
            }
        }
    }

    private func leave(_ code: ReturnCode, _ call: String) -> Never {
        // Never given back: who comes second must not end the process before the first has told what it took.
        counting.withLock { _ in
            let changes = ledger.takeChanges()
            if !changes.isEmpty { output.write(.calls(changes)) }
            output.write(.end(code: code.rawValue, call: call))
            _exit(0)
        }
    }

    private static func sleep(_ seconds: Double) {
        guard seconds > 0 else { return }
        usleep(UInt32((seconds * 1e6).clamped(to: 0...3.6e9)))
    }
}
