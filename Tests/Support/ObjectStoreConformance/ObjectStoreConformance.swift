package import ObjectStore

/// The promises of `ObjectStore` as a suite: hand it a bed for each check.
///
///     let suite = ObjectStoreConformance { MemoryBed() }
///     #expect(await suite.violations().isEmpty)
package struct ObjectStoreConformance: Sendable {
    private let make: @Sendable () async throws -> any ObjectStoreBed
    private let limits: Limits

    /// How long things may take, and how much is done.
    package struct Limits: Sendable {
        /// For a change to come to a watch, on a machine that has other work too.
        package var watchSeconds: Double
        /// How long a watch without news is waited for to say so; nil when this is not looked at.
        package var bookmarkSeconds: Double?
        /// Writers on one object.
        package var writers: Int
        /// Changes of each writer.
        package var changes: Int
        /// Random requests.
        package var requests: Int
        /// Of the random requests.
        package var seed: UInt64

        package init(
            watchSeconds: Double = 20, bookmarkSeconds: Double? = nil, writers: Int = 20, changes: Int = 10, requests: Int = 600,
            seed: UInt64 = 1
        ) {
            self.watchSeconds = watchSeconds
            self.bookmarkSeconds = bookmarkSeconds
            self.writers = writers
            self.changes = changes
            self.requests = requests
            self.seed = seed
        }
    }

    /// - Parameter bed: each check gets a new one.
    package init(limits: Limits = Limits(), bed: @escaping @Sendable () async throws -> any ObjectStoreBed) {
        self.limits = limits
        make = bed
    }

    /// Everything in which the store breaks its promises, as far as the checks look.
    package func violations(_ checks: [Check] = Check.allCases) async -> [Violation] {
        var found: [Violation] = []
        for check in checks {
            do {
                let bed = try await make()
                let trial = Trial(bed.store, try await bed.namespace(), other: try await bed.namespace(), limits)
                do {
                    try await trial.run(check)
                } catch {
                    trial.note("ended before its time: \(error)")
                }
                found += trial.notes.map { Violation(check: check, detail: $0) }
                await bed.close()
            } catch {
                found.append(Violation(check: check, detail: "the bed could not be made: \(error)"))
            }
        }
        return found
    }
}

/// A store as the suite needs it.
package protocol ObjectStoreBed: Sendable {
    var store: any ObjectStore { get }

    /// A namespace that is there and has nothing in it; another one each time.
    func namespace() async throws -> String

    /// Frees what it holds.
    func close() async
}

/// What the suite looks at. Each of them has a store in the suite's own tests that is caught by it.
package enum Check: String, Sendable, CaseIterable {
    /// What is created has what a store gives, and is there as it was said.
    case create
    /// What is no object of Kubernetes' form is refused, each with the right reason, and is not there.
    case refusals
    /// Names are made up, and no two are the same.
    case generatedNames
    /// Lists are of one moment, one kind, the namespace that was asked for, in order, and by labels.
    case lists
    /// An update puts an object in place of the one that is there, and keeps what the store has given.
    case update
    /// An update of another state, or of another object, is refused.
    case conflicts
    /// An update that changes nothing is no change.
    case noChange
    /// The generation counts what is wanted.
    case generation
    /// The status is written by itself, and leaves everything else.
    case status
    /// What is deleted is gone, and its name is free for another object.
    case delete
    /// An object with finalizers goes when the last one does.
    case finalizers
    /// Deleting looks at the uid and the version that it is given.
    case preconditions
    /// A watch gives every change once, in order, from the version on that it was asked for.
    case watch
    /// A watch of a namespace gives nothing of others, and one of all gives everything.
    case watchNamespaces
    /// A watch that is stopped or cancelled ends.
    case watchEnds
    /// A watch without news says up to where there are none.
    case bookmarks
    /// What is too large is refused, and what is nearly is kept.
    case sizes
    /// Of many who change one object, none overwrites another.
    case writers
    /// Who watches while many write comes to what is there.
    case watchers
    /// Of many who create the same object, one does.
    case rivals
    /// Random requests do what a simple model of a store does.
    case model
}

/// A promise that is not kept.
package struct Violation: Sendable, CustomStringConvertible {
    package let check: Check
    /// What was seen.
    package let detail: String

    package var description: String { "[\(check.rawValue)] \(detail)" }
}
