import Exporting
import FuzzSupport
import LibvirtAPI
@testable import LibvirtCollector
@testable import Metrics
import Primitives
import XML

// What libvirt says of domains: whatever it was, a scrape can show it; and who is asked when, however calls end.

private let families = LibvirtFamilies()
/// Made once, as it takes longer than reading an input.
private let table = try? FamilyTable([families.catalogue], textOnly: true)
private let collector = LibvirtCollector(LibvirtSettings()) { _ in Nobody() }
private let start = ContinuousClock.now

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice % 6 {
    case 0: definition(input.bytes)
    case 1: statistics(input.text)
    case 2: snapshot(input.text)
    case 3: uri(input.text)
    case 4: details(input.text)
    default: rounds(input.bytes)
    }
    return 0
}

private struct Nobody: HypervisorSource {
    func open() -> Result<any HypervisorConnection, SourceError> { .failure(SourceError(.lost, "nobody")) }
}

// MARK: what is read

private func definition(_ bytes: [UInt8]) {
    let root: XMLElement
    do throws(Failure) { root = try XMLReader.read(bytes: bytes, source: "domain") } catch {
        return demandFitForTerminal(error.message)
    }
    let definition = DomainDefinition(root)
    demand(Set(definition.disks.map(\.target)).count == definition.disks.count, "a disk is there once")
    var record = DomainRecord(basics: basics(name: definition.title))
    record.definition = definition
    draw(record)
}

private func basics(name: String) -> DomainBasics {
    var basics = DomainBasics(uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", name: name, id: 1, state: DomainState(state: 3, reason: 5))
    basics.control = DomainControl(state: .occupied, seconds: 7)
    return basics
}

/// Lines as `virsh domstats` prints them.
private func parameters(_ text: String) -> [Statistic] {
    text.split(separator: "\n").map { line in
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count > 1 ? parts[1] : ""
        return Double(value).map { Statistic(parts[0], $0) } ?? Statistic(parts[0], text: value)
    }
}

private func statistics(_ text: String) {
    let told = DomainStatistics(parameters(text))
    var book = DomainBook()
    book.list([basics(name: "a")], now: start)
    book.take(told, of: basics(name: "a").uuid, id: 1, now: start, unixSeconds: 1)
    let records = book.records(now: start, maximumAgeSeconds: 1, SuspectBook())
    demand(records.count == 1 && (records[0].statistics == nil) == told.isPartial, "what is whole is kept")
    for record in records { draw(record) }
}

private func snapshot(_ text: String) {
    let summary = SnapshotSummary(count: 1, descriptions: [text])
    demand(summary.oldestUnixSeconds == summary.newestUnixSeconds, "one snapshot has one time")
    var record = DomainRecord(basics: basics(name: "a"))
    record.snapshots = summary
    draw(record)
}

private func uri(_ text: String) {
    let label = HypervisorURI(verbatim: text).label
    demand(HypervisorURI(verbatim: label).label == label || label.utf8.contains(UInt8(ascii: "@")), "a label of a label is that label")
    var view = HypervisorView(uri: label)
    view.isUp = true
    draw(view)
}

private func details(_ text: String) {
    let told = parameters(text)
    var details = DomainDetails()
    details.job = DomainDetails.Job(type: told.count % 7, told)
    details.blockJobs = [.init(disk: "vda", type: told.count, position: told.first?.number ?? 0, end: told.last?.number ?? 0)]
    details.diskErrors = ["vda": told.count % 3]
    var record = DomainRecord(basics: basics(name: "a"))
    (record.details, record.suspect) = (details, .init(call: text, sinceUnixSeconds: 1))
    draw(record)
}

private func draw(_ record: DomainRecord) {
    var view = HypervisorView(uri: "qemu:///system")
    (view.isUp, view.isListed, view.domains) = (true, true, [record])
    draw(view)
}

/// What a scrape shows is a sound exposition.
private func draw(_ view: HypervisorView) {
    for detail in Detail.allCases {
        let sink = SampleSink()
        collector.draw(view, detail: detail, into: sink)
        let contents = sink.contents
        demand(contents.pending.isEmpty, "all parts are whole")
        for problem in contents.problems { demandFitForTerminal(problem.message) }
        guard let table else { return demand(false, "the catalogue is one") }
        demandSound(Exposition(table, [contents.committed]))
    }
}

// MARK: who is asked

/// Rounds in which domains hang and answer as the bytes say, asked as the watch does.
private func rounds(_ bytes: [UInt8]) {
    var bytes = bytes[...]
    let count = Int(bytes.popFirst() ?? 0)
    let limit = 1 + Int(bytes.popFirst() ?? 0) % 30
    var ledger = ThreadLedger(limit: limit)
    var suspects = SuspectBook()
    /// Threads that hang, and in whom.
    var stuck: [(thread: ThreadLedger.Ticket, uuid: String)] = []
    var seconds = 0.0
    for step in bytes.prefix(64) {
        seconds += 15
        let now = start.advanced(by: .seconds(seconds))
        let hanging = Set((0..<count).filter { ($0 &* 7 &+ Int(step)) % 23 == 0 && step > 40 }.map(String.init))
        // Who answers again gives its threads back.
        for (thread, uuid) in stuck where !hanging.contains(uuid) {
            ledger.end(thread)
            suspects.threadIsBack(thread, now: now)
        }
        stuck.removeAll { !hanging.contains($0.uuid) }
        let held = Set(stuck.map(\.uuid))
        let tellsControls = step & 1 == 0
        let controls: [String: DomainControl] =
            tellsControls
            ? Dictionary(
                uniqueKeysWithValues: (0..<count).map { number in
                    let uuid = String(number)
                    return (uuid, DomainControl(state: held.contains(uuid) ? .occupied : .ok, seconds: held.contains(uuid) ? 60 : 0))
                }) : [:]
        for uuid in suspects.due(now: now, controls: controls) {
            demand(suspects[uuid] != nil, "who is due is suspect")
            if let thread = ledger.begin(.statistics) {
                if hanging.contains(uuid), !held.contains(uuid) {
                    ledger.giveUp(thread)
                    stuck.append((thread, uuid))
                    suspects.hangs.add(thread, call: "again", domains: [uuid], mayWait: false, now: now)
                } else {
                    ledger.end(thread)
                    if !hanging.contains(uuid) { suspects.clear(uuid) }
                }
            }
            suspects.askEnded(uuid)
        }
        round(
            (0..<count).map(String.init).filter { suspects[$0] == nil }, hanging, tellsControls: tellsControls, &ledger, &suspects, &stuck,
            now: now, unixSeconds: seconds)
        demand(ledger.hanging == stuck.count && ledger.hanging <= limit, "threads are counted, and bounded")
        demand(suspects.suspects.keys.allSatisfy { Int($0) ?? count < count }, "suspects are domains")
    }
}

private func round(
    _ domains: [String], _ hanging: Set<String>, tellsControls: Bool, _ ledger: inout ThreadLedger, _ suspects: inout SuspectBook,
    _ stuck: inout [(thread: ThreadLedger.Ticket, uuid: String)], now: ContinuousClock.Instant, unixSeconds: Double
) {
    var plan = ShardPlan(domains, connections: 4)
    var (answered, named): (Set<String>, Set<String>) = ([], [])
    var calls = 0
    while let shard = plan.next() {
        calls += 1
        demand(calls <= 4 * domains.count + 4, "a round ends")
        guard let thread = ledger.begin(.statistics) else { break }
        let held = Set(stuck.map(\.uuid))
        if let culprit = shard.first(where: { hanging.contains($0) && !held.contains($0) }) {
            ledger.giveUp(thread)
            stuck.append((thread, culprit))
            suspects.hangs.add(thread, call: "c", domains: shard, mayWait: false, now: now)
            var known = suspects.hangs.proven(now: now).intersection(shard)
            if known.isEmpty, tellsControls {
                known.formUnion(Monitors.told([culprit: .init(state: .occupied, seconds: 5)]).owing(shard, patienceSeconds: 5))
            }
            named.formUnion(known)
            plan.hung(shard, known: known)
        } else {
            ledger.end(thread)
            let partial = held.intersection(shard)
            suspects.hangs.asked(shard, passedBy: partial)
            named.formUnion(suspects.hangs.proven(now: now))
            answered.formUnion(Set(shard).subtracting(partial))
        }
    }
    demand(named.isSubset(of: hanging), "who is named hangs")
    demand(answered.isDisjoint(with: hanging), "who hangs tells nothing")
    if plan.waiting == 0, ledger.hanging < ledger.limit {
        demand(answered == Set(domains).subtracting(hanging), "the others are told")
    }
    for uuid in named { suspects.name(uuid, call: "c", now: now, unixSeconds: unixSeconds) }
}
