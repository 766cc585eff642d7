import Glibc
import Primitives

/// Where the simulated libnvidia-ml.so.1 is, which is loaded by whoever reads cards and never by this program.
package enum SimulatedLibrary {
    /// Names the state file to the library.
    package static let variable = "MARTLET_SIMULATED_GPU"

    private static let name = "libnvidia-ml.so.1"

    /// Beside this program as it was built, or where its package has it; nil when it is in neither place.
    package static var path: String? {
        var places = ["/usr/lib/martlet/simulated/\(name)"]
        if let program = Files.linkTarget("/proc/self/exe"), let end = program.lastIndex(of: "/") {
            let folder = program[..<end]
            places = ["\(folder)/simulated/\(name)", "\(folder)/../lib/martlet/simulated/\(name)"] + places
        }
        return places.first(where: Files.exists)
    }
}
