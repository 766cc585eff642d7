import Exporting
import Metrics
import Primitives

/// One part of a scrape: a pool, by the kernel and by what `zpool` said of it.
struct PoolReading: Sendable {
    /// Datasets of a pool that are shown: far more than guests of a node have, far less than what takes all memory and time.
    static let datasetLimit = 10_000

    let pool: String
    let datasetLimit: Int
    let families: ZFSFamilies
    let reports: PoolReports.View
    let sink: SampleSink
    let context: CollectionContext

    var part: String { "pool/" + pool }
    private var folder: KstatFolder { KstatFolder(path: "\(context.fileSystemRoot)\(KstatFolder.place)/\(pool)") }

    /// Blocks its thread while files are read; gives nothing when time runs out, as a part is whole or not there.
    func run(_ buffer: consuming SampleBuffer) {
        var buffer = buffer
        let capacity = reports.list[pool]
        attempt { () throws(Failure) in
            let guid = try folder.bytes("guid").flatMap(Self.word) ?? ""
            families.pool.write(pool, guid: guid.utf8.allSatisfy { (0x30...0x39).contains($0) } ? guid : "", into: &buffer)
        }
        attempt { () throws(Failure) in
            let word = try folder.bytes("state").flatMap(Self.word)
            // The kernel's word is of now, the program's a minute old.
            if let state = word.flatMap({ PoolState(word: $0) }) ?? capacity?.state {
                families.pool.write(pool, state, into: &buffer)
            } else if let word {
                throw Failure(.malformed, "\(KstatFolder.place)/…/state: \(word.prefix(40)) is no state of a pool")
            }
        }
        if let capacity { families.pool.write(capacity, into: &buffer) }
        if let status = reports.status[pool] {
            families.pool.write(status, into: &buffer)
            families.scan.write(status, finished: reports.scrubs[pool], into: &buffer)
            if context.detail >= .disk {
                for device in status.devices { families.device.write(pool, device, into: &buffer) }
            }
        }
        attempt { () throws(Failure) in
            if let file = try folder.named("iostats") { families.poolIostats.write(file, [pool], detail: context.detail, into: &buffer) }
        }
        attempt { () throws(Failure) in
            if let bytes = try folder.bytes("io") {
                families.poolIO.write(PoolInputOutput.columns(bytes), [pool], detail: context.detail, into: &buffer)
            }
        }
        if context.detail >= families.dataset.detail {
            guard readDatasets(into: &buffer) else { return report(Failure(.timeout, "there was no time to read all datasets")) }
        }
        // What was read of a pool that has gone meanwhile is not true any more.
        guard Files.exists(folder.path) else { return }
        sink.commit(buffer)
    }

    /// False when time ran out.
    private func readDatasets(into buffer: inout SampleBuffer) -> Bool {
        // By their number, so that those that are left out are the same at each scrape.
        var files: [(number: UInt64, name: String)] = (Files.names(in: folder.path, limit: 200_000) ?? []).compactMap { name in
            guard name.hasPrefix("objset-0x"), let number = UInt64(name.dropFirst("objset-0x".count), radix: 16) else { return nil }
            return (number, name)
        }
        files.sort { $0.number < $1.number }
        if files.count > datasetLimit {
            let message = "more than \(datasetLimit) datasets are mounted or open; those made last are left out"
            sink.report(PartProblem(part: part, .tooLarge, message))
        }
        var seen: Set<String> = []
        var problem: Failure?
        for file in files.prefix(datasetLimit) {
            if context.deadline.hasPassed { return false }
            do throws(Failure) {
                guard let statistics = try folder.named(file.name), let dataset = statistics.text("dataset_name"),
                    seen.insert(dataset).inserted
                else { continue }
                let values = DatasetTable.values(pool: pool, dataset: dataset)
                families.dataset.write(statistics, values, detail: context.detail, into: &buffer)
            } catch {
                problem = problem ?? error
            }
        }
        // One line for all of them.
        if let problem { report(problem) }
        return true
    }

    private func attempt(_ body: () throws(Failure) -> Void) {
        do throws(Failure) { try body() } catch { report(error) }
    }

    private func report(_ failure: Failure) { sink.report(PartProblem(part: part, failure.reason, failure.message)) }

    /// The text of a file of one line.
    private static func word(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes.prefix(100), as: UTF8.self)
        return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
