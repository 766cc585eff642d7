package import Objects
package import Primitives

/// What creating, updating and deleting make of an object: kube-apiserver's rules for custom resources, without a store.
///
/// Versions are the store's matter: what comes from here has the resourceVersion of the state before, or none.
package struct ObjectRules: Sendable {
    /// What becomes of an object that is there.
    package enum Outcome: Sendable {
        case unchanged
        case changed(APIObject)
        /// With its last state.
        case gone(APIObject)
    }

    private let clock: WallClock
    private let random: @Sendable () -> UInt64

    /// - Parameter random: 64 bits, as good as any for names that nobody else has.
    package init(clock: WallClock = .system, random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }) {
        self.clock = clock
        self.random = random
    }

    // MARK: creating

    /// The object with a name, when it has none and says what one is to begin with.
    package func named(_ object: APIObject) -> APIObject {
        guard object.metadata.name.isEmpty, !object.metadata.generateName.isEmpty else { return object }
        var named = object
        // No vowels, no 0, 1 and 3: no words, and nothing to misread.
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        var number = random()
        var ending = ""
        for _ in 0..<5 {
            ending.append(letters[Int(number % UInt64(letters.count))])
            number /= UInt64(letters.count)
        }
        named.metadata.name = String(decoding: object.metadata.generateName.utf8.prefix(58), as: UTF8.self) + ending
        return named
    }

    /// - Parameter object: with a name.
    /// - Throws: `invalid`.
    package func created(_ object: APIObject) throws(StoreError) -> APIObject {
        var created = object
        created.metadata.uid = uid()
        created.metadata.creationTimestamp = timestamp()
        created.metadata.resourceVersion = ""
        created.metadata.generation = 1
        created.metadata.deletionTimestamp = nil
        if created.kind.hasStatus { created.content["status"] = nil }
        try Self.check(&created)
        return created
    }

    // MARK: updating

    /// - Throws: `conflict`, `invalid`, `methodNotAllowed` for a status where there is none.
    package func updated(_ old: APIObject, to object: APIObject, _ part: ObjectPart) throws(StoreError) -> Outcome {
        try Self.checkState(old, uid: object.metadata.uid, version: object.metadata.resourceVersion)
        var new: APIObject
        switch part {
        case .status:
            guard old.kind.hasStatus else {
                throw StoreError(.methodNotAllowed, "\(old.kind.qualifiedName) have no status of their own", key: old.key)
            }
            new = old
            new.content["status"] = object.content["status"]
        case .main:
            new = object
            // What the store has given stays.
            new.kind = old.kind
            new.metadata.uid = old.metadata.uid
            new.metadata.resourceVersion = old.metadata.resourceVersion
            new.metadata.creationTimestamp = old.metadata.creationTimestamp
            new.metadata.generation = old.metadata.generation
            if old.metadata.isDeleting { new.metadata.deletionTimestamp = old.metadata.deletionTimestamp }
            if old.kind.hasStatus { new.content["status"] = old.content["status"] }
        }
        try Self.check(&new, after: old)
        if part == .main, new.content != old.content { new.metadata.generation = old.metadata.generation &+ 1 }
        if new.metadata.isDeleting, new.metadata.finalizers.isEmpty { return .gone(new) }
        return new == old ? .unchanged : .changed(new)
    }

    // MARK: deleting

    /// - Throws: `conflict`.
    package func deleted(_ old: APIObject, _ precondition: DeletePrecondition) throws(StoreError) -> Outcome {
        try Self.checkState(old, uid: precondition.uid ?? "", version: precondition.resourceVersion ?? "")
        guard !old.metadata.finalizers.isEmpty else { return .gone(old) }
        guard !old.metadata.isDeleting else { return .unchanged }
        var new = old
        new.metadata.deletionTimestamp = timestamp()
        new.metadata.generation = old.metadata.generation &+ 1
        return .changed(new)
    }

    // MARK: what all share

    /// - Parameters:
    ///   - uid: empty when any will do.
    ///   - version: so too.
    private static func checkState(_ object: APIObject, uid: String, version: String) throws(StoreError) {
        if !uid.isEmpty, uid != object.metadata.uid {
            throw .conflict(object.key, "another object has this name now: its uid is \(object.metadata.uid), the request's is \(uid)")
        }
        if !version.isEmpty, version != object.metadata.resourceVersion {
            throw .conflict(object.key, "the object has been changed since; read it again and apply the change to what is there now")
        }
    }

    private static func check(_ object: inout APIObject, after old: APIObject? = nil) throws(StoreError) {
        for name in ["apiVersion", "kind", "metadata"] where object.content[name] != nil { object.content[name] = nil }
        var problems = MetadataRules.problems(object.metadata, of: object.kind)
        if let old {
            if old.metadata.isDeleting {
                let added = object.metadata.finalizers.filter { !old.metadata.finalizers.contains($0) }
                if !added.isEmpty {
                    problems.append(
                        FieldProblem(
                            "metadata.finalizers", .forbidden,
                            "an object that is being deleted takes no new finalizer: \(added.joined(separator: ", "))"))
                }
            } else if object.metadata.isDeleting {
                problems.append(FieldProblem("metadata.deletionTimestamp", .invalid, "is set by deleting the object, and by nothing else"))
            }
        }
        if let problem = ContentLimits.problem(object.content) { problems.append(problem) }
        guard problems.isEmpty else { throw .invalid(object.key, problems) }
    }

    /// `2026-11-23T03:04:05Z`
    private func timestamp() -> String { timestampText(clock.unixSeconds).prefix(19) + "Z" }

    /// A UUID of version 4.
    private func uid() -> String {
        let (high, low) = (random() & ~0xF000 | 0x4000, random() & (~0 >> 2) | 1 << 63)
        let digits = [high, low].map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var uid = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { uid.append("-") }
            uid.append(digit)
        }
        return uid
    }
}
