import FuzzSupport
import Metrics
import Primitives
@testable import ZFSCollector

// What the kernel and `zpool` say: files that may be cut, and text in which others chose the names.

private let families = ZFSFamilies()
/// Made once, as it takes longer than reading an input.
private let table = try? FamilyTable([families.catalogue])

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice % 6 {
    case 0: statistics(input.bytes)
    case 1: columns(input.bytes)
    case 2: pools { () throws(Failure) in try StatusText.read(input.bytes) }
    case 3: pools { () throws(Failure) in try StatusJSON.read(input.bytes) }
    case 4: capacities(input.bytes)
    default: words(input.text)
    }
    return 0
}

private func statistics(_ bytes: [UInt8]) {
    let file: KstatFile
    do throws(Failure) { file = try KstatFile(parsing: bytes) } catch { return demandFitForTerminal("\(error)") }
    let dataset = file.text("dataset_name") ?? ""
    demand(!dataset.utf8.contains(0x0A), "a name is of one line")
    for table in families.global { demandSound { table.write(file, detail: .all, into: &$0) } }
    demandSound { families.poolIostats.write(file, ["tank"], detail: .all, into: &$0) }
    demandSound { families.dataset.write(file, DatasetTable.values(pool: "tank", dataset: dataset), detail: .all, into: &$0) }
}

private func columns(_ bytes: [UInt8]) {
    let columns = PoolInputOutput.columns(bytes)
    demand(columns.count <= 64, "a table has few columns")
    demandSound { families.poolIO.write(columns, ["tank"], detail: .all, into: &$0) }
}

private func pools(_ read: () throws(Failure) -> [PoolStatus]) {
    let pools: [PoolStatus]
    do throws(Failure) { pools = try read() } catch { return demandFitForTerminal("\(error)") }
    var known: Set<String> = []
    for pool in pools where known.insert(pool.name).inserted {
        demand(Set(pool.devices.map(\.name)).count == pool.devices.count, "no two devices have one name")
        for scan in pool.scans {
            demand(scan.progressRatio.map { (0...1).contains($0) } ?? true, "progress is a ratio")
            demand(scan.durationSeconds.map { $0 >= 0 } ?? true, "a duration is not negative")
        }
        demandSound { buffer in
            families.pool.write(pool, into: &buffer)
            families.scan.write(pool, finished: pool.scans.first { $0.state == .finished }, into: &buffer)
            for device in pool.devices { families.device.write(pool.name, device, into: &buffer) }
        }
    }
}

private func capacities(_ bytes: [UInt8]) {
    let pools: [PoolCapacity]
    do throws(Failure) { pools = try PoolCapacity.read(bytes) } catch { return demandFitForTerminal("\(error)") }
    var known: Set<String> = []
    for pool in pools where known.insert(pool.name).inserted { demandSound { families.pool.write(pool, into: &$0) } }
}

private func words(_ text: String) {
    if let seconds = StatusNumber.duration(text.split(separator: " ")) {
        demand(seconds >= 0 && seconds.isFinite, "a duration: \(seconds)")
    }
    if let value = StatusNumber.value(text) { demand(value >= 0 && value.isFinite, "a number: \(value)") }
    if let moment = LocalDate.seconds(text.split(separator: " ")) { demand(moment.isFinite, "a moment: \(moment)") }
    if let volume = GuestVolume(dataset: text) {
        demand(
            Int(volume.vmid).map { $0 >= 100 } == true && text.hasSuffix("-\(volume.vmid)-\(volume.disk)"),
            "a guest's volume: \(text.debugDescription)")
    }
}

/// What was written is an exposition: read back strictly it has no fault, and no series twice.
private func demandSound(_ write: (inout SampleBuffer) -> Void) {
    var buffer = SampleBuffer(part: "part")
    write(&buffer)
    guard let table else { return demand(false, "the catalogue is one") }
    let exposition = Exposition(table, [[buffer]])
    demand(exposition.duplicateCount == 0, "no series stands there twice: \(exposition.firstDuplicate ?? "")")
    var bytes: [UInt8] = []
    TextFormat.write(exposition, through: &bytes) { _ in }
    let text = String(decoding: bytes, as: UTF8.self)
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        let value = line.split(separator: " ").last.flatMap { Double($0) }
        demand(line.hasPrefix("zfs_") && value?.isFinite == true, "a line is a series and a number: \(line.debugDescription)")
    }
}
