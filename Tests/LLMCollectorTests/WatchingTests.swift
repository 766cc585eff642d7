import Exporting
import Metrics
import Primitives
import Testing

@testable import LLMCollector

/// What is known of servers from round to round.
@Suite("From round to round") struct WatchingTests {
    /// A book with one server.
    private struct Watched {
        let book = ServerBook()
        let owner: Int
        let start = ContinuousClock.now
        var target: ServerTarget

        init(kind: String? = nil, origin: ServerTarget.Origin = .configuration) {
            target = ServerTarget(name: "s", address: ServerAddress(url: "http://127.0.0.1:8000"), kind: kind)
            (target.origin, target.container, target.containerID) = (origin, "box", "abc")
            owner = book.take()
            book.set([target], owner: owner)
        }

        var entry: ServerBook.Entry { book.entries[0] }

        func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

        @discardableResult
        func turn(_ seconds: Double) -> ServerBook.Turn? { book.turns(now: at(seconds), intervalSeconds: 30, limit: 1).first }

        func poll(_ seconds: Double, kind: String? = nil, _ picture: ServerPicture?, _ problem: PollProblem? = nil) {
            let turn = turn(seconds) ?? entry.turn
            book.take(
                .init(kind: kind, picture: picture, problem: problem, durationSeconds: 0), of: turn, now: at(seconds), unixSeconds: seconds)
        }

        /// What a scrape shows, without HELP and TYPE.
        func shown(_ seconds: Double) throws -> [String] {
            let collector = LLMCollector(LLMSettings(), book: book)
            let sink = SampleSink()
            collector.draw(book.entries, now: at(seconds), into: sink)
            var bytes: [UInt8] = []
            TextFormat.write(Exposition(try FamilyTable([collector.catalogue]), [sink.contents.committed]), through: &bytes) { _ in }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            return lines.filter { !$0.hasPrefix("#") }.map { String($0.dropFirst("llm_monitor_llm_".utf8.count)) }
        }

        func shows(_ line: String, at seconds: Double) throws -> Bool { try shown(seconds).contains { $0.hasPrefix(line) } }
    }

    private static let error = PollProblem(.status, "/metrics answers with status 500")
    private static let vllmTold = #"{server="s",engine="vllm""#

    private static func whole(_ text: String = "vllm:num_requests_running{model_name=\"m\"} 3\n", version: String = "1") -> ServerPicture {
        var picture = ServerPicture(models: ModelNames(limit: 10))
        _ = ExpositionMapper.read(Array(text.utf8), .text, VLLM.index, into: &picture)
        picture.hasNativeMetrics = true
        answers(&picture, version)
        return picture
    }

    /// The rest of it, where the exposition is not told.
    private static func partial() -> ServerPicture {
        var picture = ServerPicture(models: ModelNames(limit: 10))
        picture.lacksExposition = true
        answers(&picture, "1")
        return picture
    }

    private static func answers(_ picture: inout ServerPicture, _ version: String) {
        picture.add(.modelLoaded, model: "m", true)
        (picture.isUp, picture.isReady, picture.version) = (true, true, version)
        picture.settle()
    }

    @Test("What was found out to be a vLLM is that until something else is found, also while it fails")
    func kind() throws {
        let watched = Watched()
        watched.poll(0, kind: "vllm", Self.whole())
        watched.poll(30, nil, Self.error)
        #expect(try watched.shows("up\(Self.vllmTold)} 0", at: 31) && watched.shows("requests_running\(Self.vllmTold)", at: 31))
        #expect(try !watched.shown(31).contains { $0.contains("unknown") })
        // It is looked at anew, and what it had is not forgotten if it is that again.
        let turn = try #require(watched.turn(60))
        #expect(turn.kind == nil && turn.formerKind == "vllm" && turn.memory === watched.entry.memory)
        watched.book.giveBack(turn)
        watched.poll(60, kind: "vllm", Self.whole())
        #expect(watched.turn(90)?.kind == "vllm")
        watched.poll(90, kind: "tgi", ServerPicture(models: ModelNames(limit: 10)))
        #expect(try watched.shown(91).allSatisfy { $0.contains(#"engine="tgi""#) } && !watched.shows("requests_running", at: 91))
    }

    @Test("Where one question keeps failing, what the others tell is shown on")
    func parts() throws {
        let watched = Watched(kind: "vllm")
        for seconds in stride(from: 0.0, through: 600, by: 30) { watched.poll(seconds, kind: "vllm", Self.partial(), Self.error) }
        #expect(try watched.shows("model_loaded\(Self.vllmTold),model=\"m\"} 1", at: 601) && watched.shows("models_loaded", at: 601))
        // That not everything is told is seen.
        #expect(
            try watched.shows("last_answer_timestamp_seconds\(Self.vllmTold)} 0", at: 601)
                && watched.shows("up\(Self.vllmTold)} 1", at: 601))
    }

    @Test("A server whose exposition fails is up, and has its old numbers until they are too old")
    func slowExposition() throws {
        let watched = Watched(kind: "vllm")
        watched.poll(0, kind: "vllm", Self.whole())
        for seconds in [30.0, 60, 90, 120] {
            watched.poll(seconds, kind: "vllm", Self.partial(), PollProblem(.timeout, "/metrics: late"))
            let isShown = seconds <= 90
            #expect(try watched.shows("requests_running\(Self.vllmTold),model=\"m\"} 3", at: seconds) == isShown)
            #expect(try watched.shows("native_metrics_up\(Self.vllmTold)} 1", at: seconds) == isShown)
            #expect(try watched.shows("up\(Self.vllmTold)} 1", at: seconds) && watched.shows("model_loaded", at: seconds))
        }
        #expect(try watched.shows("last_answer_timestamp_seconds\(Self.vllmTold)} 0", at: 120))
        watched.poll(150, kind: "vllm", Self.whole())
        #expect(
            try watched.shows("requests_running", at: 151) && watched.shows("last_answer_timestamp_seconds\(Self.vllmTold)} 150", at: 151))
    }

    @Test("A server whose container has ended is down and asked nothing; a container that is gone has no server")
    func containers() throws {
        let watched = Watched(kind: "vllm", origin: .container)
        watched.poll(0, kind: "vllm", Self.whole())
        watched.book.set([], owner: watched.owner, now: watched.at(10)) { $0.containerID == "abc" }
        #expect(try watched.shows("up\(Self.vllmTold)} 0", at: 11) && watched.shows("ready\(Self.vllmTold)} 0", at: 11))
        #expect(watched.turn(500) == nil && watched.entry.problem?.message.contains("box has ended") == true)
        #expect(watched.book.news().map(\.word) == ["refused"] && watched.book.news().isEmpty)
        // It runs again, and is asked when it is its turn.
        watched.book.set([watched.target], owner: watched.owner, now: watched.at(12))
        #expect(watched.turn(13) == nil && watched.turn(30) != nil && watched.entry.outcomes[.ok] == 1)
        watched.book.set([], owner: watched.owner, now: watched.at(40))
        #expect(watched.book.entries.isEmpty)
    }

    @Test("A server at a port is down for an hour after its last answer, and then there is none")
    func ports() throws {
        let watched = Watched(origin: .port)
        watched.poll(0, nil, PollProblem(.refused, "nobody"))
        #expect(try watched.shown(1).isEmpty)
        watched.poll(30, kind: "vllm", Self.whole())
        for seconds in [60.0, 3600] {
            watched.poll(seconds, nil, PollProblem(.refused, "nobody"))
            #expect(try watched.shows("up\(Self.vllmTold)} 0", at: seconds))
        }
        watched.poll(3630, nil, PollProblem(.refused, "nobody"))
        #expect(try watched.shown(3631).isEmpty && watched.turn(3631) == nil && watched.turn(3660) != nil)
        watched.poll(3660, kind: "tgi", ServerPicture(models: ModelNames(limit: 1)))
        #expect(try watched.shows("server_info", at: 3661))
    }

    @Test("Who is not named for a moment is asked no sooner, and counts on")
    func retired() {
        let watched = Watched(kind: "vllm", origin: .container)
        watched.poll(0, kind: "vllm", Self.whole())
        for seconds in [3.0, 6, 9] {
            watched.book.set([], owner: watched.owner, now: watched.at(seconds))
            watched.book.set([watched.target], owner: watched.owner, now: watched.at(seconds + 1))
            #expect(watched.turn(seconds + 1) == nil && watched.entry.outcomes[.ok] == 1)
        }
        watched.book.set([], owner: watched.owner, now: watched.at(20))
        watched.book.set([], owner: watched.owner, now: watched.at(60))
        watched.book.set([watched.target], owner: watched.owner, now: watched.at(61))
        #expect(watched.entry.outcomes.isEmpty)
    }

    @Test("Capabilities say what the server has told, not what its kind could")
    func capabilities() throws {
        let watched = Watched(kind: "vllm")
        func source(_ metric: String, _ source: String) throws -> Bool {
            try watched.shows("capability\(Self.vllmTold),metric=\"\(metric)\",source=\"\(source)\"} 1", at: 1)
        }
        watched.poll(0, kind: "vllm", Self.whole())
        #expect(try source("requests_running", "native") && source("model_loaded", "native"))
        #expect(
            try source("prefix_cache_hits_tokens_total", "none") && source("start_time_seconds", "none")
                && source("queue_duration_seconds", "none"))
        // What was there once is told, also while nobody has asked anything of a server that began anew; of another version nobody knows.
        watched.poll(0, kind: "vllm", Self.whole("vllm:num_preemptions_total{model_name=\"m\"} 3\n"))
        #expect(try source("requests_running", "native") && source("preemptions_total", "native"))
        watched.poll(0, kind: "vllm", Self.whole("vllm:num_preemptions_total{model_name=\"m\"} 3\n", version: "2"))
        #expect(try source("requests_running", "none") && source("preemptions_total", "native"))
    }

    @Test("What rules make of another family is derived, and a start is told by those only that write one")
    func kinds() throws {
        func source(_ kind: String, _ family: ServingFamily) -> Capability? { Capability.ofKinds[kind]?[family.rawValue].whole(family) }
        #expect(source("litellm", .interTokenLatency) == .derived && source("tgi", .interTokenLatency) == .derived)
        #expect(source("vllm", .interTokenLatency) == .native && source("ollama", .interTokenLatency) == .probe)
        #expect(source("vllm", .startTime) == .native)
        for kind in ["tgi", "llamacpp", "triton", "ollama"] { #expect(source(kind, .startTime) == Capability.none) }
    }

    @Test("What a server does is no failure of the collector")
    func failures() {
        let watched = Watched(kind: "vllm")
        watched.poll(0, nil, PollProblem(.refused, "nobody"))
        let sink = SampleSink()
        LLMCollector(LLMSettings(), book: watched.book).draw(watched.book.entries, now: watched.at(1), into: sink)
        #expect(sink.contents.problems.isEmpty && !sink.contents.committed.isEmpty)
    }

    @Test("Models past the limit are counted, and those that are loaded are those of the list")
    func overLimit() throws {
        var picture = ServerPicture(models: ModelNames(limit: 200))
        for number in 0..<260 { picture.add(.modelLoaded, model: "m\(number)", true) }
        picture.isUp = true
        picture.settle()
        let watched = Watched(kind: "vllm")
        watched.poll(0, kind: "vllm", picture)
        #expect(
            try watched.shows("models_loaded\(Self.vllmTold)} 260", at: 1) && watched.shows("models_over_limit\(Self.vllmTold)} 60", at: 1))
    }

    @Test("The log says once that something begins, and that it is over")
    func news() {
        let watched = Watched(kind: "vllm")
        var bare = Self.whole()
        bare.concerns = [.metrics: "it answers and has no metrics"]
        watched.poll(0, kind: "vllm", bare)
        #expect(watched.book.news().map(\.word) == ["metrics"])
        watched.poll(30, kind: "vllm", bare)
        #expect(watched.book.news().isEmpty)
        watched.poll(60, kind: "vllm", Self.partial(), Self.error)
        #expect(
            watched.book.news() == [
                .init(server: "s", message: "the LLM server does not answer everything", word: "status", detail: Self.error.message)
            ])
        watched.poll(90, kind: "vllm", Self.whole())
        #expect(watched.book.news().map(\.detail) == [nil])
        watched.poll(120, kind: "vllm", bare)
        #expect(watched.book.news().map(\.word) == ["metrics"])
    }
}
