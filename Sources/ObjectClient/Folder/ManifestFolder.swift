import Glibc
import ObjectStore
package import Objects
import Primitives

/// A folder whose manifests are kept applied: what is in it is made and changed, and what it has made and is in it no more is deleted.
///
/// Objects that it makes have a label with the folder's owner, and only those are ever deleted. Nothing is deleted while it is not sure what the folder says:
/// when it cannot be read, when a file of it cannot, or when it holds no file at all, as a disk does that was not mounted. Whoever wants everything gone leaves a
/// file that says nothing, such as a comment.
package struct ManifestFolder: Sendable {
    package static let label = "martlet-manager/manifests"

    /// What one look at the folder has come to.
    package struct Pass: Sendable {
        package var created: [ObjectKey] = []
        package var changed: [ObjectKey] = []
        package var unchanged = 0
        package var pruned: [ObjectKey] = []
        /// What is wrong, each beginning with the file and where in it.
        package var problems: [String] = []
        /// Why nothing was deleted that the folder has not any more; nil when that was done.
        package var heldBack: String?

        package init() {}
    }

    private static let fileLimit = 10_000
    private static let fileBytes = 8 << 20

    private let directory: String
    private let owner: String
    private let namespace: String
    private let client: ObjectClient

    /// - Parameters:
    ///   - owner: what the label says: letters, digits and `-._`; another for each folder.
    ///   - namespace: of objects that say none.
    package init(_ directory: String, owner: String = "folder", namespace: String = "default", client: ObjectClient) {
        self.directory = directory
        self.owner = owner
        self.namespace = namespace
        self.client = client
    }

    /// Looks at the folder and does what it says, once.
    package func apply() async -> Pass {
        var pass = Pass()
        guard let names = await Self.offPool({ [directory] in Files.names(in: directory, limit: Self.fileLimit + 1) }) else {
            pass.problems.append("\(directory): cannot be read; nothing is deleted meanwhile")
            pass.heldBack = "the folder cannot be read"
            return pass
        }
        let files = Self.manifests(names)
        if names.count > Self.fileLimit { pass.heldBack = "the folder has more than \(Self.fileLimit) files" }
        if files.isEmpty {
            pass.heldBack = "the folder has no file that ends with .yaml, .yml or .json; leave one with a comment to delete everything"
        }
        var manifests: [Manifest] = []
        var places: [ObjectKey: String] = [:]
        for file in files {
            do throws(Failure) {
                for manifest in try await read(file) {
                    if let other = places[manifest.key] {
                        pass.problems.append("\(manifest.place): \(manifest.key) stands in \(other) too; keep one of the two")
                    } else {
                        places[manifest.key] = manifest.place
                        manifests.append(manifest)
                    }
                }
            } catch {
                pass.problems.append(error.message)
                pass.heldBack = "a file cannot be read, and may hold what would be deleted: \(error.message)"
            }
        }
        // What others name comes first.
        let order = Dictionary(uniqueKeysWithValues: ResourceKind.all.enumerated().map { ($0.element, $0.offset) })
        manifests = manifests.enumerated().sorted {
            (order[$0.element.key.kind] ?? 0, $0.offset) < (order[$1.element.key.kind] ?? 0, $1.offset)
        }.map(\.element)
        for manifest in manifests { await apply(manifest, &pass) }
        await prune(Set(places.keys), &pass)
        return pass
    }

    private func apply(_ manifest: Manifest, _ pass: inout Pass) async {
        do throws(StoreError) {
            let (outcome, _) = try await Applier(client).apply(manifest, labels: [Self.label: owner]) { present throws(StoreError) in
                if let other = present["metadata"]?["labels"]?[Self.label]?.text, other != owner {
                    throw StoreError(.conflict, "it is kept by another folder, whose owner is \(other)")
                }
                if present["metadata"]?["deletionTimestamp"] != nil {
                    throw StoreError(.conflict, "it is being deleted; it will be made again when it is gone")
                }
            }
            switch outcome {
            case .created: pass.created.append(manifest.key)
            case .configured: pass.changed.append(manifest.key)
            case .unchanged: pass.unchanged += 1
            }
        } catch {
            pass.problems.append("\(manifest.place): \(error.message)")
            // When the API does not answer it cannot be asked to delete either.
            if error.mayPass { pass.heldBack = pass.heldBack ?? "the API cannot be reached" }
        }
    }

    private func prune(_ keys: Set<ObjectKey>, _ pass: inout Pass) async {
        guard pass.heldBack == nil else { return }
        do throws(StoreError) {
            pass.pruned = try await Applier(client).prune(keeping: keys, labels: "\(Self.label)=\(owner)", namespaces: nil)
        } catch {
            pass.problems.append("\(directory): what is not in it any more cannot be deleted: \(error.message)")
        }
    }

    // MARK: the folder

    private func read(_ file: String) async throws(Failure) -> [Manifest] {
        let path = "\(directory)/\(file)"
        let bytes: Result<[UInt8], Failure> = await Self.offPool {
            do throws(Failure) { return .success(try Files.read(path, limitBytes: Self.fileBytes, regularOnly: true)) } catch {
                return .failure(error)
            }
        }
        return try Manifest.read(try bytes.get(), path: path, namespace: namespace)
    }

    private static func manifests(_ names: [String]) -> [String] {
        names.filter(ManifestFiles.isManifest).sorted().prefix(fileLimit).map { $0 }
    }

    /// By what one sees that something may have changed.
    private func stamps() async -> [String: FileStamp?] {
        await Self.offPool { [directory] in
            let names = Self.manifests(Files.names(in: directory, limit: Self.fileLimit + 1) ?? [])
            return Dictionary(uniqueKeysWithValues: names.map { ($0, FileStamp("\(directory)/\($0)")) })
        }
    }

    /// On a thread of its own: a file system may hang.
    private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            do { try Thread.start("manifests", { continuation.resume(returning: body()) }) } catch {
                continuation.resume(returning: body())
            }
        }
    }

    /// Applies at once, whenever a file has changed, and from time to time in any case; until the task is cancelled.
    ///
    /// - Parameters:
    ///   - lookSeconds: how often it is looked whether a file has changed.
    ///   - applySeconds: how often everything is applied without that, as others may have changed objects.
    ///   - onPass: hears of each pass.
    package func run(lookSeconds: Double = 2, applySeconds: Double = 300, onPass: @Sendable (Pass) -> Void) async {
        while !Task.isCancelled {
            let before = await stamps()
            let pass = await apply()
            onPass(pass)
            // What went wrong may be right soon.
            let next = Deadline.after(seconds: pass.problems.isEmpty ? applySeconds : min(30, applySeconds))
            while !Task.isCancelled, !next.hasPassed {
                try? await Task.sleep(for: .seconds(lookSeconds))
                if await stamps() != before { break }
            }
        }
    }
}
