import Glibc
import JSON
package import Primitives
import UpstreamConfiguration
package import Web

/// One look at where lines come from and where they go, for whoever wants to know whether they can be shipped. Nothing is sent, and no file made.
package struct LogsSurvey: Sendable {
    /// How Loki answers questions that change nothing.
    package enum Loki: Sendable {
        case silent(HTTPClientError)
        case answers(Answers)
    }

    package struct Answers: Sendable, Equatable {
        /// Of `/ready`, and what it says.
        package var ready: Int
        package var readyWords = ""
        /// Of the list of labels, for which one must be let in, and what it says; nil when nobody answered that.
        package var labels: Int?
        package var labelsWords = ""
        /// As it tells itself; empty where it does not.
        package var version = ""

        package init(ready: Int) { self.ready = ready }
    }

    package enum Journal: Sendable, Equatable {
        /// It is not to be read.
        case off
        case noProgram
        /// Why the program told nothing.
        case failed(String)
        /// There is nothing that this user may see, or nothing at all.
        case empty(String)
        /// How old the newest entry is, and whether this user sees only their own.
        case told(ageSeconds: Double, isOwnOnly: Bool)
    }

    package enum State: Sendable, Equatable {
        /// `isMade`: the folder is there.
        case writable(isMade: Bool)
        /// A shipper is at work with it.
        case inUse(processID: Int)
        case unusable(String)
    }

    package var url: String
    package var hasCredential = false
    package var hasTenant = false
    package var believesAnybody = false
    package var sendsMetadata = true
    package var loki: Loki
    package var journal: Journal
    package var state: State
    package var stateDirectory: String

    package init(url: String, loki: Loki, journal: Journal, state: State, stateDirectory: String) {
        (self.url, self.loki, self.journal, self.state, self.stateDirectory) = (url, loki, journal, state, stateDirectory)
    }

    private static let answerSeconds = 5.0
    private static let answerBytes = 4 << 20

    package static func run(
        _ settings: LogsSettings, _ loki: LokiSettings, _ http: HTTPClient, by deadline: Deadline
    ) async -> LogsSurvey {
        async let journal = journal(settings.journal, by: deadline)
        async let answers = ask(loki, http, by: deadline)
        var survey = LogsSurvey(
            url: loki.upstream.url, loki: await answers, journal: await journal, state: state(of: settings.stateDirectory),
            stateDirectory: settings.stateDirectory)
        survey.hasCredential = loki.upstream.authorization != nil
        survey.hasTenant = loki.tenant != nil
        survey.believesAnybody = loki.upstream.trust == .insecure
        survey.sendsMetadata = loki.hasMetadata
        return survey
    }

    // MARK: Loki

    private static func ask(_ settings: LokiSettings, _ http: HTTPClient, by deadline: Deadline) async -> Loki {
        func get(_ path: String) async -> Result<HTTPResponse, HTTPClientError> {
            var request = settings.upstream.request(path, by: min(deadline, .after(seconds: answerSeconds)))
            request.bodyLimitBytes = answerBytes
            if let tenant = settings.tenant { request.headers.append(("X-Scope-OrgID", tenant)) }
            do throws(HTTPClientError) { return .success(try await http.send(request)) } catch { return .failure(error) }
        }
        var answers: Answers
        switch await get("/ready") {
        case .failure(let error): return .silent(error)
        case .success(let response):
            answers = Answers(ready: response.status)
            answers.readyWords = words(response)
        }
        if case .success(let response) = await get("/loki/api/v1/labels") {
            (answers.labels, answers.labelsWords) = (response.status, words(response))
        }
        if case .success(let response) = await get("/loki/api/v1/status/buildinfo"), response.status == 200 {
            let version = (try? JSONDocument(parsing: response.body, depth: 16))?.withRoot { $0["version"]?.text } ?? nil
            answers.version = String((version ?? "").prefix(40))
        }
        return .answers(answers)
    }

    private static func words(_ response: HTTPResponse) -> String {
        response.status == 200 ? "" : PushOutcome.oneLine(response.body)
    }

    // MARK: the journal

    private static func journal(_ settings: JournalSettings, by deadline: Deadline) async -> Journal {
        guard settings.isEnabled else { return .off }
        guard let program = ProcessEnvironment.findProgram("journalctl") else { return .noProgram }
        let environment = ["LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "PATH": ProcessEnvironment.all["PATH"] ?? "/usr/bin:/bin"]
        let request = ChildProcess.Request(
            program: program, arguments: JournalCommand.lastEntry(settings), environment: environment, directory: "/")
        let end = min(deadline, .after(seconds: answerSeconds))
        let answer = OneAnswer<Result<ChildProcess.Outcome, Failure>>()
        do throws(Failure) {
            try Thread.start("journal-look") {
                ChildProcess.run(request, by: end, outputBytes: 1 << 20, isUnwanted: { false }) { answer.give($0) }
            }
        } catch {
            return .failed(error.message)
        }
        switch await answer.value {
        case .failure(let failure): return .failed(failure.message)
        case .success(let outcome): return judge(outcome, now: WallClock.system.unixSeconds)
        }
    }

    static func judge(_ outcome: ChildProcess.Outcome, now: Double) -> Journal {
        let said = PushOutcome.oneLine(outcome.errors)
        // A log with a single long field is there all the same.
        var reader = ExportReader(limit: 64 << 10)
        var newest: JournalPlace?
        outcome.output.withUnsafeBytes { bytes in reader.take(bytes) { newest = $0?.place ?? newest } }
        if let newest {
            return .told(ageSeconds: max(0, now - Double(newest.microseconds) / 1e6), isOwnOnly: said.contains("not seeing messages"))
        }
        switch outcome.conclusion {
        case .late: return .failed("journalctl does not answer within \(Int(answerSeconds)) s")
        case .ended(let end) where end != .exited(status: 0): return .failed(said.isEmpty ? "journalctl \(end)" : said)
        default: return .empty(said)
        }
    }

    // MARK: the folder

    static func state(of directory: String) -> State {
        guard Files.exists(directory) else {
            // Whoever may write in the nearest folder that is there can make the rest.
            var parent = Files.absolute(directory)[...]
            repeat {
                while parent.hasSuffix("/"), parent.count > 1 { parent.removeLast() }
                parent = parent[..<(parent.lastIndex(of: "/") ?? parent.startIndex)]
            } while !parent.isEmpty && !Files.exists(String(parent))
            let place = parent.isEmpty ? "/" : String(parent)
            guard access(place + "/.", W_OK | X_OK) == 0 else { return .unusable("\(place) may not be written: \(systemMessage(errno))") }
            return .writable(isMade: false)
        }
        // One that is no folder cannot be searched either.
        guard access(directory + "/.", W_OK | X_OK) == 0 else { return .unusable("it may not be written: \(systemMessage(errno))") }
        if let holder = (try? Files.readLine(directory + "/lock")).flatMap({ Int32($0) }), holder > 0, holder != getpid() {
            if kill(holder, 0) == 0 || errno == EPERM { return .inUse(processID: Int(holder)) }
        }
        let file = directory + "/places.json"
        guard Files.exists(file) else { return .writable(isMade: true) }
        do throws(Failure) {
            _ = try Places(reading: try Files.read(file, regularOnly: true), of: file)
            return .writable(isMade: true)
        } catch {
            return .unusable(error.message)
        }
    }
}
