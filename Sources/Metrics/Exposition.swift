/// What one scrape found: the buffers of all sources, brought into one order of families, without duplicates.
package struct Exposition: Sendable {
    /// A buffer whose samples stand in the order of its catalogue's metrics.
    struct Source: Sendable {
        let buffer: SampleBuffer
        var samples: [SampleBuffer.Sample]
        /// `samples[starts[metric]..<starts[metric + 1]]` are the metric's.
        var starts: [Int]
    }

    /// The metric of one source that belongs to a family.
    struct Run: Sendable {
        let source: Int
        let metric: Int
    }

    let table: FamilyTable
    let sources: [Source]
    /// For each family of the table.
    let runs: [[Run]]
    /// Samples that were left out because the same series stood in the exposition already.
    package let duplicateCount: Int
    /// The family of the first duplicate, for the log.
    package let firstDuplicate: String?
    package let sampleCount: Int

    /// - Parameter buffers: for each catalogue of the table, in its order, the buffers written with that catalogue's metrics.
    package init(_ table: FamilyTable, _ buffers: [[SampleBuffer]]) {
        self.table = table
        var sources: [Source] = []
        var runs = [[Run]](repeating: [], count: table.families.count)
        for (catalogue, mapping) in table.familyOfMetric.enumerated() where catalogue < buffers.count {
            for buffer in buffers[catalogue].sorted(by: { $0.part < $1.part }) {
                let source = Source(sorting: buffer, metricCount: mapping.count)
                for (metric, family) in mapping.enumerated() where source.starts[metric] < source.starts[metric + 1] {
                    runs[family].append(Run(source: sources.count, metric: metric))
                }
                sources.append(source)
            }
        }
        self.runs = runs
        (duplicateCount, firstDuplicate) = Self.removeDuplicates(&sources, runs, table)
        self.sources = sources
        sampleCount = sources.reduce(0) { $0 + $1.samples.count }
    }

    /// Gives equal label sets of all sources one number, then looks for a number that a family has twice: no hash per sample.
    private static func removeDuplicates(_ sources: inout [Source], _ runs: [[Run]], _ table: FamilyTable) -> (Int, String?) {
        let interner = LabelInterner(sources)
        var lastFamily = [UInt32](repeating: 0, count: interner.firstEqual.count)
        var removed = 0
        var first: String?
        for (family, familyRuns) in runs.enumerated() {
            let stamp = UInt32(family + 1)
            for run in familyRuns {
                var doubles: [Int] = []
                let base = interner.bases[run.source]
                let range = sources[run.source].starts[run.metric]..<sources[run.source].starts[run.metric + 1]
                for index in range {
                    let number = Int(interner.firstEqual[base + Int(sources[run.source].samples[index].labels)])
                    if lastFamily[number] == stamp { doubles.append(index) }
                    lastFamily[number] = stamp
                }
                guard !doubles.isEmpty else { continue }
                removed += doubles.count
                first = first ?? table.families[family].descriptor.name
                sources[run.source].remove(doubles, ofMetric: run.metric)
            }
        }
        return (removed, first)
    }
}

extension Exposition.Source {
    /// Counting sort by metric; samples of one metric keep their order. A sample of a metric outside the catalogue is left out.
    init(sorting buffer: SampleBuffer, metricCount: Int) {
        self.buffer = buffer
        var starts = [Int](repeating: 0, count: metricCount + 1)
        for sample in buffer.samples where Int(sample.metric) < metricCount { starts[Int(sample.metric) + 1] += 1 }
        for metric in 0..<metricCount { starts[metric + 1] += starts[metric] }
        var next = starts
        samples = [SampleBuffer.Sample](unsafeUninitializedCapacity: starts[metricCount]) { sorted, count in
            for sample in buffer.samples where Int(sample.metric) < metricCount {
                sorted.initializeElement(at: next[Int(sample.metric)], to: sample)
                next[Int(sample.metric)] += 1
            }
            count = starts[metricCount]
        }
        self.starts = starts
    }

    /// Takes out samples of one metric; `indices` ascend.
    mutating func remove(_ indices: [Int], ofMetric metric: Int) {
        var kept = indices.first ?? samples.count
        var gone = 0
        for index in kept..<samples.count {
            if gone < indices.count, indices[gone] == index {
                gone += 1
            } else {
                samples[kept] = samples[index]
                kept += 1
            }
        }
        samples.removeLast(gone)
        for later in (metric + 1)..<starts.count { starts[later] -= indices.count }
    }
}
