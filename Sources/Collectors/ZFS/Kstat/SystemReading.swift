import Exporting
import Metrics
import Primitives

/// One part of a scrape: what ZFS counts for the machine as a whole.
struct SystemReading: Sendable {
    static let part = "arc"

    let families: ZFSFamilies
    let reports: PoolReports.View
    let sink: SampleSink
    let context: CollectionContext

    /// Blocks its thread while files are read.
    func run(_ buffer: consuming SampleBuffer) {
        var buffer = buffer
        if let version = try? Files.readLine(context.fileSystemRoot + "/sys/module/zfs/version"), !version.isEmpty {
            families.system.write(version: String(version.prefix(100)), into: &buffer)
        }
        let problems = KstatFolder(path: context.fileSystemRoot + KstatFolder.place).read(families.global, context.detail, into: &buffer)
        for problem in problems { sink.report(PartProblem(part: Self.part, problem.reason, problem.message)) }
        families.system.write(reports, into: &buffer)
        if let problem = reports.problem { sink.report(PartProblem(part: Self.part, problem.reason, problem.message)) }
        sink.commit(buffer)
    }
}

extension Failure {
    /// The same as the label `reason` has it.
    var reason: PartProblem.Reason {
        switch code {
        case .malformed: .malformed
        case .limit: .tooLarge
        case .timeout: .deadline
        case .unavailable, .environment, .usage, .configuration: .failed
        }
    }
}
