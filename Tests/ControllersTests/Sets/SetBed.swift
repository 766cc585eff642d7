import ObjectStore
import Objects
import Primitives

@testable import Controllers

extension ManagerBed {
    /// - Parameters:
    ///   - image: of which another one makes other machines.
    ///   - cpu: of which another one changes the machines that there are.
    ///   - strategy: JSON of `updateStrategy`.
    static func set(
        _ replicas: Int, image: String = "debian", cpu: Int = 1, strategy: String = #"{"type":"RollingUpdate"}"#, more: String = ""
    ) -> String {
        #"{"metadata":{"name":"web"},"spec":{"replicas":\#(replicas),"selector":{"matchLabels":{"app":"web"}},"updateStrategy":\#(strategy)\#(more),"template":{"metadata":{"labels":{"app":"web"}},"spec":{"providerRef":{"name":"sim"},"classRef":{"name":"small"},"imageRef":{"name":"\#(image)"},"networks":[{"name":"lan"}],"resources":{"cpu":\#(cpu)}}}}}"#
    }

    static let parallel = #"{"type":"RollingUpdate","rollingUpdate":{"podManagementPolicy":"Parallel"}}"#

    /// A second image, and what `furnish` makes.
    func furnishSet() async throws {
        try await furnish()
        try await apply(.vmImage, #"{"metadata":{"name":"newer"},"spec":{"source":{"http":{"url":"https://example.org/newer.qcow2"}}}}"#)
        try await start()
    }

    /// Applies a set, and waits until it is as it is to be.
    @discardableResult
    func settle(_ set: String, _ condition: (VMSet) -> Bool = { _ in true }) async throws -> VMSet {
        let generation = try await apply(.vmSet, set).metadata.generation
        return try await settled(generation, condition)
    }

    @discardableResult
    func settled(_ generation: Int64, _ condition: (VMSet) -> Bool = { _ in true }) async throws -> VMSet {
        let set = try await wait(VMSet.self, "web") { set in
            guard let set, set.status.observedGeneration == generation, set.status.conditions.isTrue("Ready") else { return false }
            return set.status.replicas == set.spec.replicas && condition(set)
        }
        guard let set else { throw Failure(.unavailable, "gone") }
        return set
    }

    static func isUpdated(_ set: VMSet) -> Bool {
        set.status.updatedReplicas == set.spec.replicas && set.status.currentRevision == set.status.updateRevision
    }

    func machines() async throws -> [VirtualMachine] {
        try await store.list(.virtualMachine).items.map { VirtualMachine($0) }.sorted { $0.metadata.name < $1.metadata.name }
    }
}
