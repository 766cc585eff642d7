import Objects
import ObjectStore

/// JSON patch, RFC 6902.
struct JSONPatch: Sendable {
    /// More are nobody's edit.
    static let operationLimit = 1000
    /// Of a pointer, in UTF-8; no field of an object is that far down.
    static let pointerBytes = 4096
    /// Containers in each other: of pointers, and of what an operation makes. As many as a body may have, or what one operation copies into itself could
    /// grow past any stack.
    static let depthLimit = ObjectValue.Limits().depth
    /// What copies may add, and what moves may look at: each copy may double what is there.
    private static let copied = ObjectSize(values: ObjectValue.Limits().values, bytes: ObjectValue.Limits().bytes)
    private static let movedValuesLimit = 1_000_000

    private enum Operation: Sendable {
        case add([String], ObjectValue)
        case remove([String])
        case replace([String], ObjectValue)
        case move(from: [String], to: [String])
        case copy(from: [String], to: [String])
        case test([String], ObjectValue)
    }

    private var operations: [(text: String, operation: Operation)] = []

    init(_ value: ObjectValue) throws(StoreError) {
        guard let list = value.list else {
            throw StoreError(.badRequest, "a JSON patch is a list of operations, and this is \(value.kindText)")
        }
        guard list.count <= Self.operationLimit else {
            throw StoreError(.tooLarge, "a JSON patch may have \(Self.operationLimit) operations, and this one has \(list.count)")
        }
        for (index, element) in list.enumerated() {
            let what = "operation \(index)"
            func pointer(_ name: String) throws(StoreError) -> [String] {
                guard let text = element[name]?.text, text.utf8.count <= Self.pointerBytes, let pointer = Self.pointer(text) else {
                    throw StoreError(
                        .badRequest,
                        "\(what) of the patch: \(name) must be a JSON pointer such as /spec/powerState, of \(Self.pointerBytes) bytes at most"
                    )
                }
                guard pointer.count <= Self.depthLimit else { throw Self.tooDeep(what) }
                return pointer
            }
            func given() throws(StoreError) -> ObjectValue {
                guard let value = element["value"] else { throw StoreError(.badRequest, "\(what) of the patch has no value") }
                return value
            }
            let path = try pointer("path")
            let operation: Operation
            switch element["op"]?.text {
            case "add"?: operation = .add(path, try given())
            case "remove"?: operation = .remove(path)
            case "replace"?: operation = .replace(path, try given())
            case "move"?: operation = .move(from: try pointer("from"), to: path)
            case "copy"?: operation = .copy(from: try pointer("from"), to: path)
            case "test"?: operation = .test(path, try given())
            default: throw StoreError(.badRequest, "\(what) of the patch: op must be add, remove, replace, move, copy or test")
            }
            operations.append(("\(what) of the patch (\(element["op"]?.text ?? "") \(element["path"]?.text ?? ""))", operation))
        }
    }

    func apply(to target: ObjectValue) throws(StoreError) -> ObjectValue {
        var value = target
        var copied = ObjectSize()
        var moved = 0
        for (what, operation) in operations {
            switch operation {
            case .add(let path, let new):
                guard path.count + ObjectSize(new).depth <= Self.depthLimit else { throw Self.tooDeep(what) }
                try change(&value, path, what, .add(new))
            case .remove(let path): try change(&value, path, what, .remove)
            case .replace(let path, let new):
                guard path.count + ObjectSize(new).depth <= Self.depthLimit else { throw Self.tooDeep(what) }
                try change(&value, path, what, .replace(new))
            case .move(let from, let to):
                guard from != to else { continue }
                guard !to.starts(with: from) else { throw StoreError(.invalid, "\(what): nothing can be moved into itself") }
                let taken = try get(value, from, what)
                // What does not go further down can be no deeper than it was.
                if to.count > from.count {
                    let size = ObjectSize(taken)
                    moved += size.values
                    guard moved <= Self.movedValuesLimit else { throw StoreError(.tooLarge, "\(what): the patch moves too much") }
                    guard to.count + size.depth <= Self.depthLimit else { throw Self.tooDeep(what) }
                }
                try change(&value, from, what, .remove)
                try change(&value, to, what, .add(taken))
            case .copy(let from, let to):
                let copy = try get(value, from, what)
                let size = ObjectSize(copy)
                copied.add(size)
                guard copied.values <= Self.copied.values, copied.bytes <= Self.copied.bytes else {
                    throw StoreError(.tooLarge, "\(what): the patch copies too much")
                }
                guard to.count + size.depth <= Self.depthLimit else { throw Self.tooDeep(what) }
                try change(&value, to, what, .add(copy))
            case .test(let path, let expected):
                guard try get(value, path, what).isSame(as: expected) else { throw StoreError(.invalid, "\(what): the test failed") }
            }
        }
        return value
    }

    // MARK: pointers

    /// RFC 6901; nil for what is none.
    static func pointer(_ text: String) -> [String]? {
        guard !text.isEmpty else { return [] }
        // By scalars: a slash with a mark that combines with it is a slash.
        guard text.unicodeScalars.first == "/" else { return nil }
        var parts: [String] = []
        for part in text.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var plain = ""
            var isEscape = false
            for letter in part {
                switch (isEscape, letter) {
                case (true, "0"): plain.unicodeScalars.append("~")
                case (true, "1"): plain.unicodeScalars.append("/")
                case (true, _): return nil
                case (false, "~"):
                    isEscape = true
                    continue
                case (false, _): plain.unicodeScalars.append(letter)
                }
                isEscape = false
            }
            guard !isEscape else { return nil }
            parts.append(plain)
        }
        return parts
    }

    private enum Change {
        case add(ObjectValue)
        case replace(ObjectValue)
        case remove
    }

    private func get(_ value: ObjectValue, _ path: [String], _ what: String) throws(StoreError) -> ObjectValue {
        var value = value
        for part in path {
            let next: ObjectValue? =
                switch value {
                case .members(let members): members[part]
                case .list(let list): Self.index(part, upTo: list.count).map { list[$0] }
                default: nil
                }
            guard let next else { throw Self.missing(what) }
            value = next
        }
        return value
    }

    private func change(_ value: inout ObjectValue, _ path: [String], _ what: String, _ change: Change) throws(StoreError) {
        try Self.change(&value, path[...], what, change)
    }

    private static func change(_ value: inout ObjectValue, _ path: ArraySlice<String>, _ what: String, _ change: Change) throws(StoreError)
    {
        guard let first = path.first else {
            switch change {
            case .add(let new), .replace(let new): value = new
            case .remove: value = .null
            }
            return
        }
        let rest = path.dropFirst()
        switch value {
        case .members(var members):
            // Else the members would be copied at each depth.
            value = .null
            defer { value = .members(members) }
            if !rest.isEmpty {
                guard var inner = members[first] else { throw missing(what) }
                members[first] = .null
                defer { members[first] = inner }
                return try Self.change(&inner, rest, what, change)
            }
            switch change {
            case .add(let new): members[first] = new
            case .replace(let new):
                guard members[first] != nil else { throw missing(what) }
                members[first] = new
            case .remove:
                guard members[first] != nil else { throw missing(what) }
                members[first] = nil
            }
        case .list(var list):
            value = .null
            defer { value = .list(list) }
            if !rest.isEmpty {
                guard let index = index(first, upTo: list.count) else { throw missing(what) }
                return try Self.change(&list[index], rest, what, change)
            }
            switch change {
            case .add(let new):
                guard let index = first == "-" ? list.count : index(first, upTo: list.count + 1) else { throw missing(what) }
                list.insert(new, at: index)
            case .replace(let new):
                guard let index = index(first, upTo: list.count) else { throw missing(what) }
                list[index] = new
            case .remove:
                guard let index = index(first, upTo: list.count) else { throw missing(what) }
                list.remove(at: index)
            }
        default: throw missing(what)
        }
    }

    /// Digits without a zero before them.
    private static func index(_ text: String, upTo count: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.first != "0", let index = Int(text), index < count
        else {
            return nil
        }
        return index
    }

    private static func tooDeep(_ what: String) -> StoreError {
        StoreError(.tooLarge, "\(what): the object would be nested deeper than \(depthLimit)")
    }

    private static func missing(_ what: String) -> StoreError { StoreError(.invalid, "\(what): there is no such place in the object") }
}

extension ObjectValue {
    /// Equal as JSON says it: 1 and 1.0 are.
    func isSame(as other: ObjectValue) -> Bool {
        switch (self, other) {
        case (.list(let one), .list(let two)): one.count == two.count && zip(one, two).allSatisfy { $0.isSame(as: $1) }
        case (.members(let one), .members(let two)):
            one.count == two.count && zip(one, two).allSatisfy { $0.name == $1.name && $0.value.isSame(as: $1.value) }
        case (.whole, .number), (.number, .whole): number == other.number
        default: self == other
        }
    }
}
