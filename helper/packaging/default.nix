# nix-build helper/packaging
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "ptunnel";
  version = "0.1.0";
  src = ../..;
  # $(out) is known at build time only, and ptunnel-run has the library's place in it
  makeFlags = [ "PREFIX=$(out)" "B=build" ];
  enableParallelBuilding = true;
  meta = {
    description = "Run any program through an HTTP proxy (CONNECT)";
    license = pkgs.lib.licenses.mit;
    platforms = pkgs.lib.platforms.linux;
    mainProgram = "ptunnel-run";
  };
}
