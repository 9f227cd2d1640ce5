"""What works for every adaptor alike; knows no protocol and no batch system."""
