/// What one scrape found: the buffers of all sources, brought into one order of families, without duplicates and within bounds.
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
    /// Families that were left out because there were too many series, in the order in which they went.
    package let dropped: [Dropped]
    package let sampleCount: Int
    /// Series as the text format writes them: of a histogram each bucket, the sum and the count.
    package let seriesCount: Int

    /// - Parameter buffers: for each catalogue of the table, in its order, the buffers written with that catalogue's metrics.
    package init(_ table: FamilyTable, _ buffers: [[SampleBuffer]], bounds: Bounds = Bounds()) {
        self.table = table
        var sources: [Source] = []
        var catalogues: [Int] = []
        var runs = [[Run]](repeating: [], count: table.families.count)
        for (catalogue, mapping) in table.familyOfMetric.enumerated() where catalogue < buffers.count {
            let isWanted = mapping.map { table.families[$0].descriptor.detail <= bounds.detail }
            for buffer in buffers[catalogue].sorted(by: { $0.part < $1.part }) where !buffer.isOverfull {
                let source = Source(sorting: buffer, isWanted)
                for (metric, family) in mapping.enumerated() where source.starts[metric] < source.starts[metric + 1] {
                    runs[family].append(Run(source: sources.count, metric: metric))
                }
                sources.append(source)
                catalogues.append(catalogue)
            }
        }
        (duplicateCount, firstDuplicate) = Self.removeDuplicates(&sources, runs, table)
        (dropped, seriesCount) = Self.drop(from: &runs, sources, catalogues, table, bounds)
        self.runs = runs
        self.sources = sources
        sampleCount = runs.joined().reduce(0) { $0 + sources[$1.source].count(of: $1.metric) }
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
    ///
    /// - Parameter isWanted: for each metric of the catalogue; samples of the others are left out too.
    init(sorting buffer: SampleBuffer, _ isWanted: [Bool]) {
        self.buffer = buffer
        let metricCount = isWanted.count
        func isShown(_ sample: SampleBuffer.Sample) -> Bool { Int(sample.metric) < metricCount && isWanted[Int(sample.metric)] }
        var starts = [Int](repeating: 0, count: metricCount + 1)
        for sample in buffer.samples where isShown(sample) { starts[Int(sample.metric) + 1] += 1 }
        for metric in 0..<metricCount { starts[metric + 1] += starts[metric] }
        var next = starts
        samples = [SampleBuffer.Sample](unsafeUninitializedCapacity: starts[metricCount]) { sorted, count in
            for sample in buffer.samples where isShown(sample) {
                sorted.initializeElement(at: next[Int(sample.metric)], to: sample)
                next[Int(sample.metric)] += 1
            }
            count = starts[metricCount]
        }
        self.starts = starts
    }

    /// Samples of a metric.
    func count(of metric: Int) -> Int { starts[metric + 1] - starts[metric] }

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
