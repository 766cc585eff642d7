package import Exporting
package import Metrics
import Primitives

/// Collects the sums of this machine.
package struct SystemCollector: Collector {
    package let name = "system"
    private let families = SystemFamilies()
    private let readers = PartReaders(threadName: "system")

    static let part = "machine"
    static let rootPart = "root file system"

    package init() {}

    package var catalogue: Catalogue { families.catalogue }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await read(Self.part, sink, context) { SystemReading(families: families, root: context.fileSystemRoot).write(into: &$0) }
            }
            // A root file system on a network may hang.
            group.addTask {
                await read(Self.rootPart, sink, context) { RootFileSystem.write(context.fileSystemRoot, families, into: &$0) }
            }
        }
    }

    private func read(
        _ part: String, _ sink: SampleSink, _ context: CollectionContext, _ body: @escaping @Sendable (inout SampleBuffer) -> Bool
    ) async {
        let end = await readers.read(part, by: context.deadline) {
            var buffer = sink.begin(part)
            if !body(&buffer) { sink.report(PartProblem(part: part, .unreachable, "it cannot be read below \(context.fileSystemRoot)/")) }
            sink.commit(buffer)
        }
        switch end {
        case .done: break
        case .givenUp: sink.report(PartProblem(part: part, .deadline, "it did not answer in time"))
        case .hanging: sink.report(PartProblem(part: part, .quarantined, "it hangs since an earlier scrape"))
        case .failed(let failure): sink.report(PartProblem(part: part, .failed, failure.message))
        }
    }
}
