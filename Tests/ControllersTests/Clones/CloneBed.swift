import ObjectStore
import Objects
import Primitives
import ProviderRPC

@testable import Controllers

extension ManagerBed {
    /// - Parameters:
    ///   - options: members of `options`.
    ///   - target: further members of `target`.
    ///   - more: further members of the spec.
    static func clone(
        _ options: String = "", source: String = #"{"vmRef":{"name":"src"}}"#, name: String = "copy", target: String = "", more: String = ""
    ) -> String {
        #"{"metadata":{"name":"c"},"spec":{"source":\#(source),"target":{"name":"\#(name)"\#(target)},"options":{\#(options)}\#(more)}}"#
    }

    /// A machine to be cloned, which is ready.
    func furnishSource(isOn: Bool = false, _ more: String = "") async throws {
        try await furnish()
        try await start()
        try await apply(.virtualMachine, ManagerBed.machine("src", "\(isOn ? "" : #","powerState":"Off""#)\(more)"))
        try await wait(VirtualMachine.self, "src") { $0.map(SetMember.isReady) ?? false }
    }

    func phase(_ phase: VMClone.Phase, _ name: String = "c") async throws -> VMClone {
        let clone = try await wait(VMClone.self, name) { $0?.status.phase == phase }
        guard let clone else { throw Failure(.unavailable, "gone") }
        return clone
    }

    /// Waits until there is an operation that is over.
    func ended(_ method: ProviderMethod) async throws {
        let deadline = Deadline.after(seconds: 30)
        while try await operations(method).first?.end == nil {
            if deadline.hasPassed { throw Failure(.timeout, "no \(method.rawValue) has ended") }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
