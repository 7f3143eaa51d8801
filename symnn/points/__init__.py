"""Where samples are: domains with boundaries and normals, and points drawn from them."""

from .ball import Ball
from .box import Box, Interval
from .combined import Difference, Intersection, Union
from .domain import Domain
from .drawn import Points
from .product import Point, Product
from .surface import Surface

__all__ = ["Ball", "Box", "Difference", "Domain", "Intersection", "Interval", "Point", "Points", "Product", "Surface", "Union"]
