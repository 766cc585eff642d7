import FuzzSupport
@testable import ObjectAPI
import ObjectStore
import Objects
import Primitives

// Patches of objects: JSON patch, JSON merge patch, and what is taken of strategic merge patch. The first line is the object, the second the patch.

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    if input.choice & 3 == 3 {
        judge(pointer: input.text)
        return 0
    }
    let (first, second) = input.halves
    guard let target = try? ObjectValue(parsing: Array(first.utf8)), let patch = try? ObjectValue(parsing: Array(second.utf8)) else {
        return 0
    }
    switch input.choice & 3 {
    case 0: merge(patch, target)
    case 1: operate(patch, target)
    default: strategic(patch, target)
    }
    return 0
}

private func merge(_ patch: ObjectValue, _ target: ObjectValue) {
    let merged = MergePatch.apply(patch, to: target)
    demand(
        MergePatch.apply(patch, to: merged) == merged, "a patch that was applied changes nothing more: \(text(patch)) to \(text(target))")
    demand(follows(merged, patch), "what the patch says is so: \(text(patch)) to \(text(target)) gives \(text(merged))")
    demand(MergePatch.apply([:], to: target) == (target.members == nil ? [:] : target), "nothing changes nothing: \(text(target))")
    readable(merged)
}

/// Whether a value is as the patch says: RFC 7386, from the other end.
private func follows(_ value: ObjectValue, _ patch: ObjectValue) -> Bool {
    guard case .members(let changes) = patch else { return value == patch }
    guard case .members(let members) = value else { return false }
    return changes.allSatisfy { change in
        change.value.isNull ? members[change.name] == nil : members[change.name].map { follows($0, change.value) } ?? false
    }
}

private func operate(_ value: ObjectValue, _ target: ObjectValue) {
    do throws(StoreError) {
        let patch = try JSONPatch(value)
        let result = try patch.apply(to: target)
        readable(result)
        let operations = value.list ?? []
        if operations.allSatisfy({ $0["op"] == "test" }) {
            demand(result == target, "who only looks changes nothing: \(text(value)) to \(text(target)) gives \(text(result))")
        }
        guard operations.count == 1, let one = operations.first else { return }
        judge(one, target, result)
    } catch {
        demandFitForTerminal(error.message)
    }
}

/// What one operation leaves, as others of them see it.
private func judge(_ one: ObjectValue, _ target: ObjectValue, _ result: ObjectValue) {
    guard let path = one["path"]?.text else { return }
    let says = "\(text(one)) to \(text(target)) gives \(text(result))"
    let isEnd = path.hasSuffix("/-")
    switch one["op"]?.text {
    case "add", "replace":
        guard !isEnd, let new = one["value"] else { return }
        demand(apply([["op": "test", "path": .text(path), "value": new]], result) == result, "what was put there is there: \(says)")
    case "remove":
        guard !path.isEmpty else { return demand(result.isNull, "nothing is left: \(says)") }
        demand(ObjectSize(result).values < ObjectSize(target).values, "what was taken away is gone: \(says)")
    case "copy":
        guard !isEnd, let from = one["from"]?.text, let pointer = JSONPatch.pointer(from), let copied = find(pointer, target) else {
            return
        }
        demand(apply([["op": "test", "path": .text(path), "value": copied]], result) == result, "the copy is there: \(says)")
    case "move":
        demand(ObjectSize(result).values <= ObjectSize(target).values, "nothing is made of nothing: \(says)")
    default: break
    }
}

private func apply(_ operations: ObjectValue, _ target: ObjectValue) -> ObjectValue? { try? JSONPatch(operations).apply(to: target) }

private func find(_ pointer: [String], _ value: ObjectValue) -> ObjectValue? {
    pointer.reduce(value) { value, part in value?[part] ?? Int(part).flatMap { value?[$0] } }
}

private func strategic(_ patch: ObjectValue, _ target: ObjectValue) {
    do throws(StoreError) {
        readable(try StrategicPatch.apply(patch, to: target))
    } catch {
        demandFitForTerminal(error.message)
    }
}

/// A pointer means its parts, and its parts are written as that pointer.
private func judge(pointer text: String) {
    guard let parts = JSONPatch.pointer(text) else { return }
    var written = ""
    for part in parts {
        written += "/"
        for letter in part.unicodeScalars {
            switch letter {
            case "~": written += "~0"
            case "/": written += "~1"
            default: written.unicodeScalars.append(letter)
            }
        }
    }
    demand(Array(written.utf8) == Array(text.utf8), "a pointer is written as it was: \(text.debugDescription), \(written.debugDescription)")
}

private func readable(_ value: ObjectValue) {
    // A patch may put what it has into what is there, and so go deeper than either.
    let limits = ObjectValue.Limits(bytes: 1 << 24, values: 1 << 20, depth: 200)
    do {
        demand(try ObjectValue(parsing: value.json, limits: limits).json == value.json, "JSON reads the same: \(text(value))")
    } catch {
        demand(false, "JSON can be read: \(error): \(text(value))")
    }
}

private func text(_ value: ObjectValue) -> String { String(decoding: value.json, as: UTF8.self) }
