import FuzzSupport
@testable import Metrics
import Primitives

// Expositions of others: both formats, strictly and tolerantly.

/// A sample as its text means it.
private struct Sample {
    var name = ""
    var labels: [(name: String, value: String)] = []
    var value = 0.0
}

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let format: ExpositionReader.Format = input.choice & 1 == 0 ? .text : .openMetrics
    var limits = ReadingLimits()
    if input.choice & 2 != 0 { limits = small }
    let tolerant = read(input.bytes, format, .tolerant, limits)
    let strict = read(input.bytes, format, .strict, limits)
    demand(tolerant.failure == nil, "a tolerant reader goes on")
    demand(tolerant.report.sampleCount == tolerant.samples.count, "samples are counted")
    demand(tolerant.samples.count <= limits.samples, "no more samples than the limit")
    if let problem = tolerant.report.firstProblem { demandFitForTerminal(problem) }
    if let failure = strict.failure {
        demandFitForTerminal("\(failure)")
        demand(failure.message.utf8.first.map { (0x31...0x39).contains($0) } == true, "a failure begins with line and column: \(failure)")
        demand(strict.samples.count <= tolerant.samples.count, "strictness adds nothing")
    } else {
        demand(tolerant.report.skippedLineCount == 0 && tolerant.report.repairedTextCount == 0, "what passes strictly passes tolerantly")
        demand(strict.samples.count == tolerant.samples.count, "and whole")
    }
    for (one, other) in zip(strict.samples, tolerant.samples) { demandSame(one, other, "strict and tolerant") }
    for sample in tolerant.samples { demandReadable(sample) }
    return 0
}

/// Limits that short inputs reach.
private let small: ReadingLimits = {
    var limits = ReadingLimits()
    limits.bytes = 300
    limits.samples = 4
    limits.families = 3
    limits.lineBytes = 64
    limits.labels = 3
    limits.nameBytes = 8
    limits.labelValueBytes = 16
    limits.helpBytes = 16
    return limits
}()

private func read(
    _ bytes: [UInt8], _ format: ExpositionReader.Format, _ strictness: ExpositionReader.Strictness, _ limits: ReadingLimits
) -> (samples: [Sample], failure: Failure?, report: ReadingReport) {
    var reader = ExpositionReader(bytes, as: format, strictness, limits: limits)
    var samples: [Sample] = []
    var line = 0
    do throws(Failure) {
        while let entry = try reader.next() {
            demand(reader.line > line, "each line is one entry")
            line = reader.line
            _ = (reader.familyName.text, reader.familyKind)
            switch entry {
            case .help: demand(reader.help.bytes.count <= limits.helpBytes, "a help text is no longer than its limit")
            case .unit: _ = reader.unit.text
            case .type: break
            case .sample:
                demand(reader.labels.count <= limits.labels, "no more labels than the limit")
                demand(reader.name.bytes.count <= limits.nameBytes, "a name is no longer than its limit")
                demand(reader.timestampSeconds?.isFinite != false, "a time is a number")
                _ = (reader.series.text, reader.valueText.text, reader.exemplar?.labels.map(\.value.text))
                samples.append(
                    Sample(name: reader.name.text, labels: reader.labels.map { ($0.name.text, $0.value.text) }, value: reader.value))
            }
        }
    } catch {
        return (samples, error, reader.report)
    }
    return (samples, nil, reader.report)
}

private func demandSame(_ one: Sample, _ other: Sample, _ what: String) {
    demand(one.name.utf8.elementsEqual(other.name.utf8), "\(what): the same name: \(one), \(other)")
    demand(one.value == other.value || one.value.isNaN && other.value.isNaN, "\(what): the same value: \(one), \(other)")
    demand(
        one.labels.count == other.labels.count
            && zip(one.labels, other.labels).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
            },
        "\(what): the same labels: \(one), \(other)")
}

/// What was read, written with every name in quotes, must read the same.
private func demandReadable(_ sample: Sample) {
    var text: [UInt8] = [UInt8(ascii: "{")]
    quote(sample.name, into: &text)
    for label in sample.labels {
        text.append(UInt8(ascii: ","))
        quote(label.name, into: &text)
        text.append(UInt8(ascii: "="))
        quote(label.value, into: &text)
    }
    text.append(utf8: "} \(sample.value.isNaN ? "NaN" : "\(sample.value)")\n")
    let again = read(text, .text, .strict, ReadingLimits())
    if let failure = again.failure {
        // Escapes and U+FFFD make a text longer than it was.
        demand(failure.code == .limit, "what is written can be read: \(failure): \(String(decoding: text, as: UTF8.self))")
        return
    }
    demand(again.samples.count == 1, "one sample is one: \(String(decoding: text, as: UTF8.self))")
    for found in again.samples { demandSame(sample, found, "written again") }
}

private func quote(_ value: String, into text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): text.append(utf8: #"\\"# as StaticString)
        case UInt8(ascii: "\""): text.append(utf8: #"\""# as StaticString)
        case 0x0A: text.append(utf8: #"\n"# as StaticString)
        default: text.append(byte)
        }
    }
    text.append(UInt8(ascii: "\""))
}
