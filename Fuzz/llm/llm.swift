import Exporting
import FuzzSupport
import Glibc
import JSON
@testable import LLMCollector
@testable import Metrics
@testable import Ownership
import Primitives
@testable import Web

// What servers of every kind answer: whatever it is, a scrape can show it, and it costs no more than its series.

private let collector = LLMCollector(LLMSettings(), book: ServerBook())
private let table = try? FamilyTable([collector.catalogue], textOnly: true)
private let modelLimit = 5

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let kinds = ServerKinds.all
    let kind = kinds[Int(input.choice) % kinds.count]
    switch Int(input.choice) / kinds.count % 5 {
    case 0: exposition(input.bytes, kind, .text)
    case 1: exposition(input.bytes, kind, .openMetrics)
    case 2: answers(input.bytes, kind)
    case 3: signs(input.bytes)
    default: container(input.bytes)
    }
    return 0
}

private func exposition(_ bytes: [UInt8], _ kind: any ServerKind.Type, _ format: ExpositionReader.Format) {
    var picture = ServerPicture(models: ModelNames(limit: modelLimit))
    if let problem = ExpositionMapper.read(bytes, format, kind.index, into: &picture) {
        demandFitForTerminal(problem.message)
        demand(picture.series.isEmpty && picture.losses == .init(), "of what is refused nothing is kept")
    }
    show(&picture, kind)
}

/// Every question is answered with these bytes, as JSON and as text.
private func answers(_ bytes: [UInt8], _ kind: any ServerKind.Type) {
    for type in ["application/json", "text/plain"] {
        let response = HTTPResponse(
            status: 200, reason: "OK", headers: HTTPHeaders([("Content-Type", type)]), body: bytes, connectionsOpened: 0)
        let questions = Questions(
            ServerAddress(url: "http://127.0.0.1:1"), round: 0, former: nil, memory: CounterMemory(), timeoutSeconds: 60
        ) { _ in .success(response) }
        let asked = Asked(questions)
        var end = sem_t()
        sem_init(&end, 0, 0)
        withUnsafeMutablePointer(to: &end) { end in
            nonisolated(unsafe) let end = end
            Task.detached {
                var picture = ServerPicture(models: ModelNames(limit: modelLimit))
                await kind.ask(asked.questions, into: &picture)
                if let problem = picture.problem { demandFitForTerminal(problem.message) }
                show(&picture, kind)
                sem_post(end)
            }
            while sem_wait(end) != 0 {}
        }
        sem_destroy(&end)
    }
}

/// Handed to the one task that uses it.
private struct Asked: @unchecked Sendable {
    let questions: Questions

    init(_ questions: Questions) { self.questions = questions }
}

private func signs(_ bytes: [UInt8]) {
    let response = HTTPResponse(status: 200, reason: "", headers: HTTPHeaders(), body: bytes, connectionsOpened: 0)
    for kind in ServerKinds.all { for sign in kind.signs { _ = sign.isSeen(response) } }
}

private func container(_ bytes: [UInt8]) {
    guard let document = try? JSONDocument(parsing: bytes, depth: 32) else { return }
    let found = document.withRoot { EngineContainer(inspection: $0, labels: Set(ContainerServers.labels)) }
    guard let found, let target = ContainerServers.target(found) else { return }
    demand(target.address.url.hasPrefix("http://") && target.address.url.utf8.count < 80, "a URL of an address: \(target.address.url)")
    let host = target.address.authority.prefix { $0 != "]" }
    demand(host.utf8.allSatisfy { "0123456789abcdefABCDEF.:[".utf8.contains($0) }, "no name is looked up: \(host)")
    demand(!target.name.isEmpty && target.name.utf8.count <= 128, "a name")
}

/// A scrape of it.
private func show(_ picture: inout ServerPicture, _ kind: any ServerKind.Type) {
    picture.isUp = true
    picture.settle()
    demand(picture.models.names.count <= modelLimit + 2, "no more models than there may be")
    demand(picture.losses.labels.count <= 60, "names of labels are bounded")
    var entry = ServerBook.Entry(ServerTarget(name: "s", address: ServerAddress(url: "http://127.0.0.1:1"), kind: kind.name))
    (entry.isUp, entry.isReady, entry.answeredAt, entry.answeredUnixSeconds) = (true, picture.isReady, .now, 1)
    entry.picture = picture
    entry.losses = picture.losses
    let sink = SampleSink()
    collector.draw([entry], now: .now, into: sink)
    guard let table else { return demand(false, "a table") }
    let contents = sink.contents
    demand(contents.pending.isEmpty && contents.committed.count == 1, "the part is committed")
    demandSound(Exposition(table, [contents.committed]))
}
