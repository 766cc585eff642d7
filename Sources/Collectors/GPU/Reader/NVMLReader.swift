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
        /// Where the driver's files are looked for.
        package var fileSystemRoot = ""
        /// Only says which cards answer, and leaves.
        package var isSurvey = false

        package init() {}
    }

    private let nvml: any NVML
    private let options: Options
    private let output: LineOutput
    private let ledger = CallLedger()
    private let events = EventReader()
    /// Cards that answer no more.
    private let lost = Mutex<Set<String>>([])
    /// Held by who takes what was counted until it is told.
    private let counting = Mutex(())

    /// A call that takes longer is told.
    private static let slowSeconds = 3.0
    /// How often another process, with a library of its own, looks whether a lost card is there again.
    private static let surveySeconds = 60.0
    /// How long that may take.
    private static let surveyPatienceSeconds = 20.0
    /// How often it is looked for cards that have come or gone, at least and at most.
    private static let countSeconds = 1.0...30.0
    /// Capabilities that the driver asks for: CAP_SYS_ADMIN for what only administrators are told, CAP_MKNOD for its files in /dev.
    private static let capabilities = [21, 27]

    private init(_ nvml: any NVML, _ options: Options, _ output: LineOutput) {
        self.nvml = nvml
        self.options = options
        self.output = output
    }

    /// Runs until there is nobody to run for.
    package static func run(_ options: Options) -> Never {
        signal(SIGPIPE, SIG_IGN)
        Privileges.restrain(keeping: capabilities)
        Thread.nameThis(command)
        let output = LineOutput(descriptor: ownOutput())
        let library: NVMLLibrary
        do throws(Failure) {
            library = try NVMLLibrary(path: options.library)
        } catch {
            let code = error.code == .unavailable ? ReturnCode.libraryNotFound : .unknown
            output.write(.hello(ReaderLine.Hello(code: code.rawValue, reason: error.message)))
            _exit(0)
        }
        guard !options.isSurvey else {
            let caller = Caller(library, ledger: CallLedger())
            output.write(.hello(Inventory(caller: caller, isThorough: true).read().hello))
            _exit(0)
        }
        NVMLReader(library, options, output).run()
    }

    /// Where our lines go. What the library prints must not be taken for them, so stdout leads nowhere from now on.
    private static func ownOutput() -> Int32 {
        let own = dup(STDOUT_FILENO)
        let nowhere = open("/dev/null", O_WRONLY)
        guard own > STDERR_FILENO, nowhere >= 0, dup2(nowhere, STDOUT_FILENO) >= 0 else { _exit(1) }
        close(nowhere)
        return own
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
        let (hello, cards, fault) = Inventory(
            caller: caller, files: DriverFiles(fileSystemRoot: options.fileSystemRoot).cards
        ).read()
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
        try Thread.start("nvml-count") { [self] in watchCount(hello.count) }
        try Thread.start("nvml-lost") { [self] in watchLost(hello.missing.count) }
    }

    private func readCard(_ device: UInt, _ identity: CardIdentity) {
        let caller = Caller(nvml, ledger: ledger)
        let reader = CardReader(
            device: device, identity: identity, caller: caller, listensForXIDs: { [events] in events.listens(to: identity.uuid) })
        var due = ContinuousClock.now
        while true {
            guard let sample = reader.read() else {
                let stale = caller.verdict.stale
                leave(stale?.code ?? .unknown, stale?.call ?? "")
            }
            output.write(.card(sample))
            lost.withLock { lost in
                if sample.condition == .ok { lost.remove(identity.uuid) } else { lost.insert(identity.uuid) }
            }
            due = due.advanced(by: .seconds(options.intervalSeconds))
            // After a call that has taken long no pass is made up for.
            if due < .now { due = .now }
            Self.sleep((due - .now).seconds)
        }
    }

    /// Cards that have come or gone are there, or are not, for a library that is initialised anew.
    private func watchCount(_ count: Int) {
        let caller = Caller(nvml, ledger: ledger)
        let files = DriverFiles(fileSystemRoot: options.fileSystemRoot)
        let places = files.places
        while true {
            Self.sleep(options.intervalSeconds.clamped(to: Self.countSeconds))
            caller.beginPass()
            let found = caller.numbers(.count).map { Int(min($0.x, Int64(ReaderLine.cardLimit))) }
            if let stale = caller.verdict.stale { leave(stale.code, stale.call) }
            if let found, found != count { leave(.success, NVMLCall.count.rawValue) }
            if files.places != places { leave(.success, DriverFiles.folder) }
        }
    }

    /// A library finds a card that was lost only when it is initialised anew, and that costs the other cards what is measured between two
    /// samples. So another process looks first, and all is begun anew when there is a reason to.
    private func watchLost(_ missing: Int) {
        while true {
            Self.sleep(Self.surveySeconds)
            let lost = lost.withLock { $0 }
            guard missing > 0 || !lost.isEmpty, let hello = survey(), hello.code == 0 else { continue }
            if hello.missing.count < missing + lost.count { leave(.gpuIsLost, NVMLCall.handle.rawValue) }
        }
    }

    /// What another process finds; nil when it does not say so in time.
    private func survey() -> ReaderLine.Hello? {
        var arguments = [Self.command, "--survey", "true"]
        if let library = options.library { arguments += ["--library", library] }
        let request = ChildProcess.Request(
            program: "/proc/self/exe", arguments: arguments, environment: ProcessEnvironment.all, directory: "/")
        do throws(Failure) {
            let pipe = try Pipe()
            defer { close(pipe.reading) }
            let child: ChildProcess
            do throws(Failure) {
                defer { close(pipe.writing) }
                child = try ChildProcess(starting: request, output: pipe.writing, errors: STDERR_FILENO)
            } catch { return nil }
            // Its one line is short enough for the pipe.
            guard child.waitForEnd(until: .after(seconds: Self.surveyPatienceSeconds)) != nil else {
                child.signalGroup(SIGKILL)
                // One that hangs in the driver ends with us, and no other is started before.
                while child.waitForEnd(until: .after(seconds: Self.surveySeconds)) == nil {}
                return nil
            }
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { room, filled in
                filled = max(0, Glibc.read(pipe.reading, room.baseAddress, room.count))
            }
            guard case .hello(let hello)? = try ReaderLine.read(Array(bytes.prefix { $0 != UInt8(ascii: "\n") })) else { return nil }
            return hello
        } catch { return nil }
    }

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
