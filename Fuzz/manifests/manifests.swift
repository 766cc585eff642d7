import FuzzSupport
import ObjectText
import Objects
import Primitives

// Manifests: YAML as kubectl reads it, and objects as YAML and JSON.

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    if input.choice & 1 == 0 { readManifest(input.bytes) } else { readJSON(input.bytes) }
    return 0
}

/// YAML goes deeper than an object may; who keeps objects looks at that.
private let limits = ObjectValue.Limits(bytes: 1 << 24, values: 1 << 20, depth: 200)

private func readManifest(_ bytes: [UInt8]) {
    let documents: [YAMLText.Document]
    do { documents = try YAMLText.documents(bytes, path: "f.yaml") } catch {
        demandFitForTerminal(error.description)
        demand(error.message.hasPrefix("f.yaml:"), "an error names the place: \(error)")
        return
    }
    for document in documents {
        demand(document.place.hasPrefix("f.yaml:"), "a document has a place: \(document.place)")
        judge(document.value)
    }
    // Behind each other they are the same documents.
    let values = documents.map(\.value).filter { !$0.isNull }
    let all = values.map { YAMLText.text(of: $0) }.joined(separator: "---\n")
    demand(read(all).map(\.json) == values.map(\.json), "several documents read the same: \(all)")
}

private func readJSON(_ bytes: [UInt8]) {
    do { judge(try ObjectValue(parsing: bytes)) } catch { demandFitForTerminal(error.description) }
}

/// What was read and is written again reads the same, whichever of the ways it takes.
private func judge(_ value: ObjectValue) {
    let json = value.json
    for written in [json, value.prettyJSON] {
        do {
            demand(
                try ObjectValue(parsing: written, limits: limits).json == json,
                "JSON reads the same: \(String(decoding: written, as: UTF8.self))")
        } catch {
            // Names are longer in YAML.
            demand(error.code == .limit, "JSON can be read: \(error): \(String(decoding: written, as: UTF8.self))")
        }
    }
    guard !value.isNull else { return }
    let text = YAMLText.text(of: value)
    let again = read(text)
    demand(again.map(\.json) == [json], "YAML reads the same: \(text.debugDescription)")
    demand(again.map { YAMLText.text(of: $0) } == [text], "what was read of it is written the same: \(text.debugDescription)")
}

private func read(_ text: String) -> [ObjectValue] {
    do { return try YAMLText.documents(Array(text.utf8), path: "g.yaml").map(\.value) } catch {
        demand(false, "what is written can be read: \(error): \(text.debugDescription)")
        return []
    }
}
