import Glibc
import Primitives

/// Reads the journal on a thread of its own, through a child `journalctl` that ends with us and is started again when it ends before.
final class JournalSource: Sendable {
    private let settings: JournalSettings
    private let maxAgeSeconds: Double
    private let queue: LogQueue
    private let halt: Halt
    private let tally: LogsTally
    private let logger: Logger
    private let makeReading: @Sendable () -> JournalReading

    /// Of a field. Journald takes lines up to 48 KiB, and messages of its own protocol of any size.
    private static let fieldLimitBytes = 16 << 20
    private static let readBytes = 256 << 10
    private static let errorBytes = 4096
    private static let retrySeconds = 1.0
    private static let retryLimitSeconds = 30.0

    init(
        _ settings: JournalSettings, maxAgeSeconds: Double, queue: LogQueue, halt: Halt, tally: LogsTally, logger: Logger,
        makeReading: @escaping @Sendable () -> JournalReading
    ) {
        self.settings = settings
        self.maxAgeSeconds = maxAgeSeconds
        self.queue = queue
        self.halt = halt
        self.tally = tally
        self.logger = logger
        self.makeReading = makeReading
    }

    /// Reads on from that place until the halt is raised. Comes back when journalctl is gone.
    func run(from place: JournalPlace?) async {
        let answer = OneAnswer<Void>()
        do {
            try Thread.start("journal") { [self] in
                follow(from: place)
                answer.give(())
            }
        } catch {
            logger.error("the journal is not read", ["reason": error.message])
            tally.note(.journal, isUp: false, problem: error.message)
            return
        }
        await answer.value
    }

    // MARK: on its thread

    private func follow(from place: JournalPlace?) {
        var place = place
        var pause = Self.retrySeconds
        var isCursorLost = false
        var said = ""
        let begin = Int64(WallClock.system.unixSeconds - maxAgeSeconds)
        while !halt.isRaised {
            let started = ContinuousClock.now
            let start = JournalCommand.Start(place, isCursorLost: isCursorLost, begin: begin, now: WallClock.system.unixSeconds)
            let end = session(start, &place)
            if halt.isRaised { break }
            tally.note(restartOf: .journal)
            tally.note(.journal, isUp: false, problem: end)
            // It says so of a cursor that it cannot read; of one that is gone it says nothing.
            if case .cursor = start, end.contains("cursor") {
                isCursorLost = true
                logger.warn("the journal does not know where it was read to; it is read on from that time", ["reason": end])
            } else if end != said {
                logger.warn("journalctl ended and is started again", ["reason": end])
                said = end
            }
            if (ContinuousClock.now - started).seconds > Self.retryLimitSeconds {
                (pause, said) = (Self.retrySeconds, "")
            }
            rest(pause)
            pause = min(pause * 2, Self.retryLimitSeconds)
        }
        tally.note(.journal, isUp: false, problem: "stopped")
    }

    /// Runs journalctl to its end and says why it ended.
    private func session(_ start: JournalCommand.Start, _ place: inout JournalPlace?) -> String {
        guard let program = ProcessEnvironment.findProgram("journalctl") else {
            return "the program journalctl is not on PATH; apt-get install systemd"
        }
        var environment = ["LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"]
        environment["PATH"] = ProcessEnvironment.all["PATH"]
        let output: Pipe
        let errors: Pipe
        let child: ChildProcess
        do throws(Failure) {
            output = try Pipe()
            do throws(Failure) { errors = try Pipe() } catch {
                Self.close(output.reading, output.writing)
                throw error
            }
            do throws(Failure) {
                child = try ChildProcess(
                    starting: ChildProcess.Request(
                        program: program, arguments: JournalCommand.arguments(settings, from: start), environment: environment),
                    output: output.writing, errors: errors.writing)
            } catch {
                Self.close(output.reading, output.writing, errors.reading, errors.writing)
                throw error
            }
        } catch {
            return error.message
        }
        Self.close(output.writing, errors.writing)
        defer { Self.close(output.reading, errors.reading) }
        tally.note(.journal, isUp: true)
        var expected: String?
        if case .cursor(let cursor) = start { expected = cursor }
        let said = read(output.reading, errors.reading, expected: expected, &place)
        child.signalGroup(SIGTERM)
        var end = child.waitForEnd(until: .after(seconds: 2))
        if end == nil {
            child.signalGroup(SIGKILL)
            end = child.waitForEnd(until: .after(seconds: 2))
        }
        return said.isEmpty ? "journalctl \(end?.description ?? "hangs")" : said
    }

    /// Until journalctl has nothing more to say, or the halt is raised. Returns what stood on stderr.
    private func read(_ output: Int32, _ errors: Int32, expected: String?, _ place: inout JournalPlace?) -> String {
        var reading = makeReading()
        var export = ExportReader(limit: Self.fieldLimitBytes)
        var errorLines: [UInt8] = []
        var isErrorsOpen = true
        var expected = expected
        var entries: [LogEntry] = []
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readBytes, alignment: 16)
        defer { room.deallocate() }
        while !halt.isRaised {
            var waiting = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isErrorsOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
            ]
            // Now and then, to see whether to go on.
            guard poll(&waiting, 2, 250) > 0 else { continue }
            if waiting[1].revents != 0 {
                let count = Glibc.read(errors, room.baseAddress, room.count)
                if count > 0 {
                    errorLines += UnsafeRawBufferPointer(rebasing: room[..<min(count, max(0, Self.errorBytes - errorLines.count))])
                } else if count == 0 || errno != EINTR {
                    isErrorsOpen = false
                }
            }
            guard waiting[0].revents != 0 else { continue }
            let count = Glibc.read(output, room.baseAddress, room.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            export.take(UnsafeRawBufferPointer(rebasing: room[..<count])) { found in
                let entry = reading.take(found)
                if let cursor = expected, let place = found?.place {
                    expected = nil
                    // The last one that is stored already.
                    if place.cursor == cursor { return }
                    logger.warn(
                        "the entry to which the journal was read is gone; reading goes on with the next that is there",
                        ["next": timestampText(Double(place.microseconds) / 1e6)])
                }
                if let entry { entries.append(entry) }
            }
            let counts = reading.takeCounts()
            tally.note(read: .journal, lines: counts.lines, bytes: counts.bytes, cut: counts.cut)
            for (reason, count) in counts.skipped { tally.note(skipped: count, for: reason) }
            guard queue.put(entries) else { break }
            place = reading.place ?? place
            entries.removeAll(keepingCapacity: true)
        }
        return String(decoding: errorLines, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// Sleeps, and looks now and then whether it should go on.
    private func rest(_ seconds: Double) {
        let deadline = Deadline.after(seconds: seconds)
        while !halt.isRaised, !deadline.hasPassed { usleep(100_000) }
    }

    private static func close(_ descriptors: Int32...) { for descriptor in descriptors { Glibc.close(descriptor) } }
}
