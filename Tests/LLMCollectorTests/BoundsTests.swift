import CollectorConformance
import Exporting
import Metrics
import Primitives
import Testing
import Web

@testable import LLMCollector

@Suite("How much of a server is shown") struct BoundsTests {
    private static func histogram(_ name: String, buckets: Int, model: String = "m") -> String {
        let bounds = (1..<buckets).map(String.init) + ["+Inf"]
        return "# TYPE \(name) histogram\n"
            + bounds.map { "\(name)_bucket{model_name=\"\(model)\",le=\"\($0)\"} 1\n" }.joined()
            + "\(name)_sum{model_name=\"\(model)\"} 1\n\(name)_count{model_name=\"\(model)\"} 1\n"
    }

    @Test(
        "A histogram of more buckets than any server has is left out and counted",
        arguments: [101, ExpositionMapper.bucketLimit, 129, 10_000])
    func buckets(count: Int) {
        let reading = Reading(Self.histogram("vllm:time_to_first_token_seconds", buckets: count))
        let isShown = count <= ExpositionMapper.bucketLimit
        #expect((reading.distribution(.timeToFirstToken)?.bounds.count == count - 1) == isShown)
        #expect(reading.picture.losses.series == (isShown ? [:] : ["histogram": 1]))
    }

    @Test("A model is one thing, whatever else is said of it, and the rest of them are none")
    func info() {
        var picture = ServerPicture(models: ModelNames(limit: 2))
        for place in 0..<1_000 { picture.add(.modelInfo, model: "a", labels: ["f\(place)", "", "", ""], 1) }
        for place in 0..<1_000 { picture.add(.modelInfo, model: "x\(place)", labels: ["f\(place)", "", "", ""], 1) }
        picture.settle()
        #expect(
            picture.ordered.map(\.series.labels) == [["f0", "", "", ""], ["f0", "", "", ""]]
                && picture.models.names == ["a", "x0", "other"])
        #expect(picture.losses.series == ["duplicate": 999])
    }

    private static func picture(models: Int, buckets: Int) -> ServerPicture {
        var picture = ServerPicture(models: ModelNames(limit: models))
        let bounds = (1..<buckets).map { Distribution.Bucket(bound: Double($0), count: 1) } + [.init(bound: .infinity, count: 1)]
        for model in 0..<models {
            let place = picture.models.place(of: "m\(model)")
            picture.add(.requestsRunning, model: "m\(model)", 1)
            picture.add(.modelLoaded, model: "m\(model)", 1)
            for family in [ServingFamily.timeToFirstToken, .requestDuration] {
                guard let distribution = Distribution(cumulative: bounds, sum: 1) else { continue }
                picture.add(.init(family: family, model: place, labels: []), .distribution(distribution))
            }
        }
        (picture.isUp, picture.hasNativeMetrics) = (true, true)
        picture.settle()
        return picture
    }

    private static func families(_ picture: ServerPicture?) -> Set<ServingFamily> { Set(picture?.ordered.map(\.series.family) ?? []) }

    @Test("Past the limit whole families go, histograms first, the last of them first")
    func cut() {
        // Two of ten, and two histograms of a hundred and twenty.
        let whole = Self.picture(models: 10, buckets: 10)
        #expect(whole.wantedSeries == 260)
        for (limit, gone, left) in [
            (260, 0, [.requestsRunning, .modelLoaded, .timeToFirstToken, .requestDuration]),
            (259, 120, [.requestsRunning, .modelLoaded, .timeToFirstToken]), (139, 240, [.requestsRunning, .modelLoaded]),
            (19, 250, [.requestsRunning]), (9, 260, []),
        ] as [(Int, Int, Set<ServingFamily>)] {
            var picture = whole
            #expect(picture.cut(to: limit) == gone && Self.families(picture) == left)
        }
    }

    private static func book(_ pictures: [ServerPicture]) -> ServerBook {
        let book = ServerBook()
        let owner = book.take()
        let targets = pictures.indices.map { place in
            ServerTarget(name: "s\(place)", address: ServerAddress(url: "http://127.0.0.1:\(place + 1)"), kind: "vllm")
        }
        book.set(targets, owner: owner)
        for turn in book.turns(now: .now, intervalSeconds: 30, limit: 1_000) {
            guard let place = turn.target.name.dropFirst().utf8.decimalNumber else { continue }
            let result = ServerPoll.Result(kind: "vllm", picture: pictures[place], problem: nil, durationSeconds: 0)
            book.take(result, of: turn, now: .now, unixSeconds: 0)
        }
        return book
    }

    @Test("One server has no more than a server may have, and its loss is counted")
    func server() {
        let entry = Self.book([Self.picture(models: 300, buckets: 120)]).entries[0]
        #expect(Self.families(entry.picture) == [.requestsRunning, .modelLoaded, .timeToFirstToken])
        #expect(entry.losses.series["series"] == 300 * 122)
    }

    @Test("Many that flood share what there is, and who is small loses nothing")
    func all() {
        let flood = Self.picture(models: 190, buckets: 120)
        #expect(flood.wantedSeries < ServerBook.Entry.seriesLimit)
        let book = Self.book([Self.picture(models: 2, buckets: 20)] + [ServerPicture](repeating: flood, count: 12))
        let lost = book.entries.filter { $0.losses.series["series"] != nil }.map(\.target.name)
        #expect(!lost.contains("s0") && lost.count == 12)
        let shown = book.entries.reduce(0) { sum, entry in
            sum
                + (entry.picture?.ordered ?? []).reduce(0) { sum, told in
                    guard case .distribution(let distribution) = told.value else { return sum + 1 }
                    return sum + distribution.bounds.count + 3
                }
        }
        #expect(shown <= 250_000)
    }

    @Test("Names that are new in each round are few in an hour, also when the server says to be another kind each time")
    func churn() {
        let start = ContinuousClock.now
        var entry = ServerBook.Entry(ServerTarget(name: "s", address: ServerAddress(url: "http://127.0.0.1:1")))
        var shown: Set<String> = []
        for round in 0..<20 {
            let now = start.advanced(by: .seconds(30 * round))
            var picture = ServerPicture(models: entry.turn.models?.next(limit: 10, now: now) ?? ModelNames(limit: 10, now: now))
            for place in 0..<10 { picture.add(.requestsRunning, model: "r\(round)-\(place)", 1) }
            picture.isUp = true
            picture.settle()
            let kind = round.isMultiple(of: 2) ? "vllm" : "sglang"
            entry.take(.init(kind: kind, picture: picture, problem: nil, durationSeconds: 0), now: now, unixSeconds: 0)
            shown.formUnion(picture.models.names)
        }
        #expect(shown.count == 11 && shown.contains(ModelNames.other))
    }

    @Test("A list of models ends somewhere")
    func list() async throws {
        let models = (0..<3_000).map { "{\"name\":\"m\($0)\"}" }.joined(separator: ",")
        let (result, _) = try await PollTests.poll(
            [
                "/api/version": HTTPServerResponse(json: Array("{\"version\":\"0.9\"}".utf8)),
                "/api/ps": HTTPServerResponse(json: Array("{\"models\":[\(models)]}".utf8)),
            ], kind: "ollama")
        #expect(result.picture?.loadedModels == 2_000)
    }

    @Test("A server of the settings is down until it has answered, and one that was found is nothing yet")
    func unasked() async throws {
        let book = ServerBook()
        var found = ServerTarget(name: "found", address: ServerAddress(url: "http://127.0.0.1:2"))
        found.origin = .container
        book.set([ServerTarget(name: "named", address: ServerAddress(url: "http://127.0.0.1:1")), found], owner: book.take())
        let collector = LLMCollector(LLMSettings(), book: book)
        let sink = SampleSink()
        collector.draw(book.entries, now: .now, into: sink)
        var bytes: [UInt8] = []
        TextFormat.write(Exposition(try FamilyTable([collector.catalogue]), [sink.contents.committed]), through: &bytes) { _ in }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("llm_monitor_llm_up{server=\"named\",engine=\"unknown\"} 0\n"))
        #expect(!text.contains("llm_monitor_llm_up{server=\"found\"") && !text.contains("llm_monitor_llm_ready"))
    }

    @Test("A name that a container has given itself answers for nobody else")
    func page() {
        let book = ServerBook()
        let url = "http://127.0.0.1:29104"
        var evil = ServerTarget(name: url, address: ServerAddress(url: "http://127.0.0.1:29120"))
        evil.origin = .container
        let named = ServerTarget(name: "zreal", address: ServerAddress(url: url))
        book.set([evil, named], owner: book.take())
        let collector = LLMCollector(LLMSettings(), book: book)
        #expect(collector.known(url, isConfigured: true)?.target.name == "zreal")
        #expect(collector.known("http://127.0.0.1:29120", isConfigured: true) == nil)
        #expect(collector.known("http://127.0.0.1:29120", isConfigured: false)?.target.name == url)
    }
}
