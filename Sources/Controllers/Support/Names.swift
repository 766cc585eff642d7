package import Objects

// The contract with providers has messages of the same names; here the objects are meant.
package typealias Provider = Objects.Provider
package typealias VMClass = Objects.VMClass
package typealias VMImage = Objects.VMImage
